//! The vendors' doors side by side: one router, one document, and for what is nobody's operation the door that answers.

use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use utoipa::openapi::OpenApi;

use crate::directscale::{self, DirectScale};
use crate::gateway::{Front, House, Known, known, unknown};

/// All doors.
pub struct Doors {
    /// Their operations.
    pub router: Router,
    /// What describes them.
    pub document: OpenApi,
    /// What answers a request that is none.
    pub unknown: Unknown,
}

type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Answers a request that is no operation, as the door does whose path it could be.
#[derive(Debug, Clone)]
pub struct Unknown(Arc<Fronts>);

#[derive(Debug)]
struct Fronts {
    directscale: Arc<Front<DirectScale>>,
    known: Vec<Known>,
}

impl Doors {
    /// The doors of a house.
    #[must_use]
    pub fn new(house: &House) -> Self {
        let directscale = Arc::new(Front { door: DirectScale, house: house.clone() });
        let (router, document) = directscale::routes(Arc::clone(&directscale));
        let unknown = Unknown(Arc::new(Fronts { directscale, known: known(&document) }));
        Self { router, document, unknown }
    }
}

impl Unknown {
    /// The handler.
    pub fn handler(&self) -> impl Fn(Request) -> Answering + Clone + Send + Sync + 'static {
        let fronts = Arc::clone(&self.0);
        move |request: Request| {
            let fronts = Arc::clone(&fronts);
            Box::pin(async move {
                let parts = request.into_parts().0;
                unknown(&*fronts.directscale, &fronts.known, parts).await
            })
        }
    }
}

/// The document of all doors.
#[must_use]
pub fn document() -> OpenApi {
    directscale::document()
}
