//! For comparison: axum handlers with sqlx's own pool that run one statement each, without validation, credentials or log: GET
//! reads a customer, PATCH updates three columns, PUT and upgrade update every column. `bare ADDRESS DATABASE_URL CONNECTIONS`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgPoolOptions, PgQueryResult};
use sqlx::{FromRow, PgPool};

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

/// Every column that the emulator shows.
#[derive(Debug, FromRow, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    customer_id: i32,
    customer_type: i32,
    customer_status: i32,
    sponsor_id: Option<i32>,
    enroller_id: Option<i32>,
    birth_date: Option<DateTime<Utc>>,
    sign_up_date: DateTime<Utc>,
    inactive_date: Option<DateTime<Utc>>,
    send_emails: bool,
    tax_exempt: bool,
    terms_accepted: bool,
    language_code: String,
    back_office_id: String,
    email_address: Option<String>,
    tax_id: Option<String>,
    username: Option<String>,
    web_alias: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    company_name: Option<String>,
    external_reference_id: Option<String>,
    primary_phone: Option<String>,
    secondary_phone: Option<String>,
    text_phone: Option<String>,
    tax_exempt_id: Option<String>,
    primary_street1: Option<String>,
    primary_street2: Option<String>,
    primary_street3: Option<String>,
    primary_city: Option<String>,
    primary_region: Option<String>,
    primary_postal_code: Option<String>,
    primary_country_code: Option<String>,
    shipping_street1: Option<String>,
    shipping_street2: Option<String>,
    shipping_street3: Option<String>,
    shipping_city: Option<String>,
    shipping_region: Option<String>,
    shipping_postal_code: Option<String>,
    shipping_country_code: Option<String>,
    custom_fields: Vec<Option<String>>,
}

async fn read(State(pool): State<PgPool>, Path(id): Path<i32>) -> Result<Json<Row>, StatusCode> {
    let read = sqlx::query_as(
        "select customer_id, customer_type, customer_status, sponsor_id, enroller_id, birth_date, sign_up_date, inactive_date,
                send_emails, tax_exempt, terms_accepted, language_code, back_office_id, email_address, tax_id, username,
                web_alias, first_name, last_name, company_name, external_reference_id, primary_phone, secondary_phone,
                text_phone, tax_exempt_id, primary_street1, primary_street2, primary_street3, primary_city, primary_region,
                primary_postal_code, primary_country_code, shipping_street1, shipping_street2, shipping_street3,
                shipping_city, shipping_region, shipping_postal_code, shipping_country_code, custom_fields
           from customers where tenant_id = 1 and customer_id = $1",
    );
    match read.bind(id).fetch_optional(&pool).await {
        Ok(Some(row)) => Ok(Json(row)),
        Ok(None) => Err(StatusCode::NOT_FOUND),
        Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// The members of the benchmark's PATCH.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Names {
    first_name: String,
    last_name: String,
    primary_phone: String,
}

async fn patch(State(pool): State<PgPool>, Path(id): Path<i32>, Json(names): Json<Names>) -> StatusCode {
    let done = sqlx::query(
        "update customers set first_name = $2, last_name = $3, primary_phone = $4, modified_at = now()
          where tenant_id = 1 and customer_id = $1",
    )
    .bind(id)
    .bind(names.first_name)
    .bind(names.last_name)
    .bind(names.primary_phone)
    .execute(&pool)
    .await;
    status(done, StatusCode::OK)
}

async fn replace(State(pool): State<PgPool>, Path(id): Path<i32>, Json(body): Json<Body>) -> StatusCode {
    status(update(&pool, id, body).await, StatusCode::OK)
}

async fn upgrade(State(pool): State<PgPool>, Path(id): Path<i32>, Json(body): Json<Body>) -> StatusCode {
    status(update(&pool, id, body).await, StatusCode::CREATED)
}

fn status(done: Result<PgQueryResult, sqlx::Error>, success: StatusCode) -> StatusCode {
    match done {
        Ok(done) if done.rows_affected() == 1 => success,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn update(pool: &PgPool, id: i32, c: Body) -> Result<PgQueryResult, sqlx::Error> {
    sqlx::query(
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
    .execute(pool)
    .await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, url, connections] = arguments.as_slice() else {
        return Err("bare ADDRESS DATABASE_URL CONNECTIONS".into());
    };
    let pool =
        PgPoolOptions::new().max_connections(connections.parse()?).test_before_acquire(false).connect(url).await?;
    let router = Router::new()
        .route("/v1/customers/{id}", get(read).patch(patch).put(replace))
        .route("/v1/customers/upgrade/{id}", put(upgrade))
        .with_state(pool);
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("Ready.");
    axum::serve(listener, router).await?;
    Ok(())
}
