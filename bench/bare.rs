//! For comparison: an axum handler with sqlx's own pool that runs one UPDATE of every column, without validation, credentials
//! or log. `bare ADDRESS DATABASE_URL CONNECTIONS`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::put;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    birth_date: Option<DateTime<Utc>>,
    company_name: Option<String>,
    customer_type: i32,
    default_shipping_address: Address,
    email_address: String,
    external_reference_id: Option<String>,
    first_name: String,
    language_code: String,
    last_name: String,
    primary_address: Address,
    primary_phone: Option<String>,
    secondary_phone: Option<String>,
    send_emails: bool,
    sponsor_id: i32,
    tax_exempt: bool,
    tax_exempt_id: Option<String>,
    tax_id: String,
    terms_accepted: bool,
    text_phone: Option<String>,
    username: String,
    web_alias: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Address {
    street1: Option<String>,
    street2: Option<String>,
    city: Option<String>,
    region: Option<String>,
    postal_code: Option<String>,
    country_code: Option<String>,
}

async fn upgrade(State(pool): State<PgPool>, Path(id): Path<i32>, Json(c): Json<Body>) -> StatusCode {
    let done = sqlx::query(
        "update customers set customer_type = $2, birth_date = $3, company_name = $4, email_address = $5,
                external_reference_id = $6, first_name = $7, language_code = $8, last_name = $9, primary_phone = $10,
                secondary_phone = $11, send_emails = $12, sponsor_id = $13, tax_exempt = $14, tax_exempt_id = $15,
                tax_id = $16, terms_accepted = $17, text_phone = $18, username = $19, web_alias = $20,
                primary_street1 = $21, primary_street2 = $22, primary_city = $23, primary_region = $24,
                primary_postal_code = $25, primary_country_code = $26, shipping_street1 = $27, shipping_street2 = $28,
                shipping_city = $29, shipping_region = $30, shipping_postal_code = $31, shipping_country_code = $32,
                modified_at = now()
          where tenant_id = 1 and customer_id = $1",
    )
    .bind(id)
    .bind(c.customer_type)
    .bind(c.birth_date)
    .bind(c.company_name)
    .bind(c.email_address)
    .bind(c.external_reference_id)
    .bind(c.first_name)
    .bind(c.language_code)
    .bind(c.last_name)
    .bind(c.primary_phone)
    .bind(c.secondary_phone)
    .bind(c.send_emails)
    .bind(c.sponsor_id)
    .bind(c.tax_exempt)
    .bind(c.tax_exempt_id)
    .bind(c.tax_id)
    .bind(c.terms_accepted)
    .bind(c.text_phone)
    .bind(c.username)
    .bind(c.web_alias)
    .bind(c.primary_address.street1)
    .bind(c.primary_address.street2)
    .bind(c.primary_address.city)
    .bind(c.primary_address.region)
    .bind(c.primary_address.postal_code)
    .bind(c.primary_address.country_code)
    .bind(c.default_shipping_address.street1)
    .bind(c.default_shipping_address.street2)
    .bind(c.default_shipping_address.city)
    .bind(c.default_shipping_address.region)
    .bind(c.default_shipping_address.postal_code)
    .bind(c.default_shipping_address.country_code)
    .execute(&pool)
    .await;
    match done {
        Ok(done) if done.rows_affected() == 1 => StatusCode::CREATED,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, url, connections] = arguments.as_slice() else {
        return Err("bare ADDRESS DATABASE_URL CONNECTIONS".into());
    };
    let pool =
        PgPoolOptions::new().max_connections(connections.parse()?).test_before_acquire(false).connect(url).await?;
    let router = Router::new().route("/v1/customers/upgrade/{id}", put(upgrade)).with_state(pool);
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("Ready.");
    axum::serve(listener, router).await?;
    Ok(())
}
