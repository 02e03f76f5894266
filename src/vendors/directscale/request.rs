//! The parts of a request that DirectScale's operations read.

use super::error::Error;
use super::query::Parameters;
use super::wire::Request;
use crate::customers::Violation;
use crate::gateway::ApiRequest;
use crate::model::CustomerId;

pub(super) trait DirectScaleRequest {
    /// The customer in the path. A text that is not an id is the id of no customer.
    fn customer_id(&self) -> Result<CustomerId, Error>;

    /// A text in the path, decoded.
    fn path_text(&self, name: &str) -> Result<String, Error>;

    /// `read`, or its error; the error of an unknown customer comes first.
    async fn of_known<T>(&self, id: CustomerId, read: Result<T, Error>) -> Result<T, Error>;

    /// The value of a body and its violations. Notes the members without effect.
    fn noted<T>(&self, body: Request<T>) -> (T, Vec<Violation>);

    /// The parameters in the query.
    fn query(&self) -> Parameters;
}

impl DirectScaleRequest for ApiRequest<'_> {
    fn customer_id(&self) -> Result<CustomerId, Error> {
        self.customer.map(CustomerId).ok_or(Error::UNKNOWN_CUSTOMER)
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

    fn noted<T>(&self, body: Request<T>) -> (T, Vec<Violation>) {
        self.ignore(body.ignored);
        (body.content, body.violations)
    }

    fn query(&self) -> Parameters {
        Parameters::parse(self.parts.uri.query().unwrap_or_default())
    }
}
