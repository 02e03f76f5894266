//! ByDesign's API: the vendor's samples, every rejection, and its customers in the other APIs.

mod accepted;
mod across;
mod attacks;
mod credentials;
mod effects;
mod framing;
mod journal;
mod lookups;
mod plans;
mod rejected;
mod round_trip;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::http::request;
use crate::support::server::server;
use crate::support::vendors::VendorClient;
use crate::support::{Client, Reply, Tenant};

const PATH: &str = "/api/users/customer";

const LOOK_UP: &str = "/api/users/customer/CustomerLookup";

const JSON: &str = "application/json; charset=utf-8";

const XML: &str = "application/xml; charset=utf-8";

/// The request of the vendor's page.
const PRINTED_JSON: &str = include_str!("../../../src/vendors/bydesign/samples/request.json");

const PRINTED_XML: &str = include_str!("../../../src/vendors/bydesign/samples/request.xml");

/// The formats of requests; the first two are also those of responses.
const FORMATS: [Format; 3] = [Format::Json, Format::Xml, Format::Form];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Xml,
    Form,
}

impl Format {
    /// With its line end.
    fn header(self) -> &'static str {
        match self {
            Self::Json => "Content-Type: application/json\r\n",
            Self::Xml => "Content-Type: application/xml\r\n",
            Self::Form => "Content-Type: application/x-www-form-urlencoded\r\n",
        }
    }

    /// The vendor's sample. It has none for forms: that one has the members of the others.
    fn printed(self) -> String {
        match self {
            Self::Json => PRINTED_JSON.to_owned(),
            Self::Xml => PRINTED_XML.to_owned(),
            Self::Form => self.written(&serde_json::from_str(PRINTED_JSON).expect("JSON")),
        }
    }

    /// The members of an object in this format.
    fn written(self, body: &Value) -> String {
        let members = body.as_object().expect("an object");
        let bare = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match self {
            Self::Json => body.to_string(),
            Self::Xml => {
                let elements =
                    members.iter().map(|(name, value)| format!("<{name}>{}</{name}>\n", escaped(&bare(value))));
                format!("<CustomerCreationViewModel>{}</CustomerCreationViewModel>", elements.collect::<String>())
            }
            Self::Form => {
                let pairs = members.iter().map(|(name, value)| (name, bare(value)));
                form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
            }
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#xD;")
}

impl VendorClient {
    /// A creation in this format, with a response in JSON.
    fn create_in(&self, format: Format, body: &str) -> Reply {
        let headers = format!("{}Accept: application/json\r\n", format.header());
        self.call("POST", PATH, &headers, Some(body))
    }

    #[track_caller]
    fn created(&self, body: &Value) -> Value {
        let body = self.post(PATH, body).says(200, JSON);
        serde_json::from_str(&body).expect("JSON")
    }

    /// A creation with these bytes as its body.
    fn send(&self, headers: &str, body: &[u8]) -> Reply {
        self.send_to(server().address, headers, body)
    }

    fn send_to(&self, address: std::net::SocketAddr, headers: &str, body: &[u8]) -> Reply {
        let headers = format!("{}{headers}Content-Length: {}\r\n", self.headers, body.len());
        let mut bytes = request("POST", PATH, &headers, None);
        bytes.extend_from_slice(body);
        Client { address, key: String::new() }.raw(&bytes)
    }
}

fn basic(user: &str, password: &str) -> VendorClient {
    let credentials = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    VendorClient::new(format!("Authorization: Basic {credentials}\r\n"))
}

/// The vendor's sample, with valid values in place of those that are not.
fn possible() -> Value {
    let changes = json!({
        "Email": "sample@bydesign.example", "Password": "Sample string 4", "RepDID": "15F92",
        "ShippingCountry": "CANADA", "BillingCountry": "USA", "ReferCustomerID": "3", "CustomerType": 2,
        "ReciprocalRepDID": "2", "PreferredCulture": 2,
    });
    crate::support::with(&serde_json::from_str(PRINTED_JSON).expect("JSON"), changes)
}

/// A customer with few members.
fn casey() -> Value {
    json!({ "FirstName": "Casey", "LastName": "Customer", "Email": "casey@bydesign.example" })
}

/// The vendor's rejection with these keys and sentences, in JSON and in XML.
fn api_result(violations: &[(&str, &str)]) -> [String; 2] {
    let json = |(key, sentence): &(&str, &str)| {
        format!(r#""MessageTranslationKey":{},"Message":{}"#, json!(format!("CUSTOMER_{key}")), json!(sentence))
    };
    let xml = |(key, sentence): &(&str, &str)| {
        let sentence = escaped(sentence);
        format!("<MessageTranslationKey>CUSTOMER_{key}</MessageTranslationKey><Message>{sentence}</Message>")
    };
    let first = &violations[0];
    let all: Vec<String> = violations.iter().map(|violation| format!("{{{}}}", json(violation))).collect();
    let elements =
        violations.iter().map(|violation| format!("<ApiResultMessage>{}</ApiResultMessage>", xml(violation)));
    let elements = elements.collect::<Vec<_>>().concat();
    [
        format!(r#"{{"IsSuccessful":false,{},"Messages":[{}]}}"#, json(first), all.join(",")),
        format!(
            "<ApiResult><IsSuccessful>False</IsSuccessful>{}<Messages>{elements}</Messages></ApiResult>",
            xml(first)
        ),
    ]
}

/// The framework's error, in JSON and in XML.
fn http_error(sentence: &str) -> [String; 2] {
    [
        format!(r#"{{"Message":{}}}"#, json!(sentence)),
        format!("<Error><Message>{}</Message></Error>", escaped(sentence)),
    ]
}

/// The values of a customer's profile.
fn profile(tenant: &Tenant, id: i64) -> Value {
    let rows = tenant.rows(&format!(
        "select owner, fields from customer_profiles where tenant_id = {{tenant}} and customer_id = {id}"
    ));
    assert_eq!((rows.len(), &rows[0]["owner"]), (1, &json!("bydesign")), "{rows:?}");
    rows[0]["fields"].clone()
}

fn id_of(customer: &Value) -> i64 {
    customer["CustomerID"].as_i64().expect("an id")
}

fn freeze(tenant: &Tenant, at: &str) {
    tenant.control("POST", "/clock/freeze", Some(&json!({ "at": at }))).done(200);
}
