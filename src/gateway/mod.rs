//! What stands in front of a vendor's back end: the subscription key and the exact refusals of Azure API Management.

mod exchange;
mod key;
mod realm;
mod refusal;
mod replayed;
mod served;

pub use exchange::Exchange;
pub use key::presented_key;
pub use realm::realm;
pub use refusal::GatewayRefusal;
pub use replayed::Replayed;
pub use served::{Ending, Served};
