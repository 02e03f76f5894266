//! What DirectScale's operations read of a call.

use super::error::Error;
use super::query::Parameters;
use super::wire::Request;
use crate::customers::{CustomerId, Violation};
use crate::gateway::Call;

/// What DirectScale's operations read of a call.
pub(super) trait DirectScaleCall {
    /// The customer in the path. What cannot be an id is an id that nobody has.
    fn customer_id(&self) -> Result<CustomerId, Error>;

    /// A text in the path, decoded.
    fn path_text(&self, name: &str) -> Result<String, Error>;

    /// What was read of the call, or the violation in it: which is only told where the customer exists.
    async fn of_known<T>(&self, id: CustomerId, read: Result<T, Error>) -> Result<T, Error>;

    /// What was read of the body and what is wrong with it; what does not count is noted.
    fn noted<T>(&self, request: Request<T>) -> (T, Vec<Violation>);

    /// The parameters in the query.
    fn query(&self) -> Parameters;
}

impl DirectScaleCall for Call {
    fn customer_id(&self) -> Result<CustomerId, Error> {
        let text = self.path_parameter("customerId").unwrap_or_default();
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|id| is_number && *id > 0).map(CustomerId).ok_or(Error::UNKNOWN_CUSTOMER)
    }

    fn path_text(&self, name: &str) -> Result<String, Error> {
        let text = self.path_parameter(name).map(str::to_owned);
        text.ok_or_else(|| Error::parameter("$path", "encoding", "The path must be UTF-8, percent-encoded."))
    }

    async fn of_known<T>(&self, id: CustomerId, read: Result<T, Error>) -> Result<T, Error> {
        if read.is_err() {
            self.services.customers.check_exists(&self.scope(), id).await?;
        }
        read
    }

    fn noted<T>(&self, request: Request<T>) -> (T, Vec<Violation>) {
        self.ignore(request.ignored);
        (request.wanted, request.violations)
    }

    fn query(&self) -> Parameters {
        Parameters::parse(self.parts.uri.query().unwrap_or_default())
    }
}
