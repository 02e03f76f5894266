//! A customer and its fields: one table of the fields, and what follows from it. It contains no rule of a tenant and no JSON of a
//! vendor.

mod address;
mod country;
mod customer;
mod field;
mod fields;

pub use address::{Address, AddressPart, filled};
pub use country::CountryCode;
pub use customer::{Customer, CustomerId};
pub use field::{CustomFields, CustomerFields, Field, Member, MemberMut};
pub use fields::FieldMask;
