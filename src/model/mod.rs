//! A customer and its fields: one table of the fields, and what follows from it. Knows no rule of a tenant and no vendor's JSON.

mod address;
mod country;
mod customer;
mod field;
mod fields;
mod mask;

pub use address::{Address, AddressPart};
pub use country::CountryCode;
pub use customer::{Customer, CustomerId};
pub use field::{CustomFields, CustomerFields, Field, Member, MemberMut};
pub use fields::filled;
pub use mask::FieldMask;
