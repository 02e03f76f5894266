//! What stands in front of a vendor's back end: the life of a call, whoever's door it came to. Each vendor's folder is a [`Door`].

mod asked;
mod authorization;
mod call;
mod door;
mod encoded;
mod endpoint;
mod exchange;
mod fault;
mod operation;
mod prefer;
mod realm;
mod refusal;
mod replayed;
mod reply;
mod served;
mod unknown;

pub(crate) use asked::{AskedUri, asked_uri};
pub(crate) use authorization::{basic_credentials, bearer_token};
pub(crate) use call::Call;
pub(crate) use door::{About, Door, Front, StatusFailure};
pub use door::{BackEnd, DoorOptions, House};
pub(crate) use encoded::{Undecoded, decoded};
pub(crate) use endpoint::{BrokenBody, read_body};
pub use exchange::Exchange;
pub(crate) use operation::{Table, operations};
pub(crate) use prefer::wants_representation;
pub(crate) use realm::realm;
pub use refusal::GatewayRefusal;
pub use replayed::Replayed;
pub(crate) use reply::{Reply, header_text, json_response, typed};
pub use served::{Ending, Served};
pub(crate) use unknown::{Known, known, unknown};
