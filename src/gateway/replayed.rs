//! A call that the inspector sends again.

use crate::tenants::Caller;

/// Stands for an accepted key in the extensions of a request. Nobody can send one over the wire.
#[derive(Debug, Clone)]
pub struct Replayed(pub Caller);
