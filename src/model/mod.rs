//! A customer and its fields: one table of the fields, and what follows from it. It contains no rule of a tenant and no JSON of a
//! vendor.

mod address;
mod country;
mod customer;
mod field;
mod fields;
mod mask;
mod text;

pub use address::{Address, AddressPart};
pub use country::CountryCode;
pub use customer::{Customer, CustomerId};
pub use field::{CustomFields, CustomerFields, Field, Member, MemberMut};
pub use mask::FieldMask;
pub use text::filled;
