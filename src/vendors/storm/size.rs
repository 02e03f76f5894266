//! The maximum size of a customer.

use std::io;

use super::error::{ErrorCode, Rejection};
use super::wire::response::Customer;

/// The maximum size of a customer as JSON, in bytes. No limit is published: this one is decided, because items of lists that are not
/// sent again stay, so that a customer would grow with each update.
pub(super) const MAX_CUSTOMER_BYTES: usize = 256 * 1024;

/// Rejects a customer that is too large. One that was too large before may stay, but not grow.
pub(super) fn check_size(before: &Customer, after: &Customer) -> Result<(), Rejection> {
    let size = size(after);
    if size <= MAX_CUSTOMER_BYTES || size <= self::size(before) {
        return Ok(());
    }
    let text = format!(
        "Account, Companies, DeliveryAddresses, Flags and Info must keep the customer at most {MAX_CUSTOMER_BYTES} bytes long \
         as JSON, not {size}."
    );
    Err(Rejection::new(ErrorCode::InvalidLength, text))
}

/// The length of the JSON, which is not kept.
fn size(customer: &Customer) -> usize {
    let mut counter = Counter(0);
    // Neither counting nor writing plain data fails.
    let _ = serde_json::to_writer(&mut counter, customer);
    counter.0
}

struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendors::storm::wire::response::IdValue;

    fn customer(values: usize) -> Customer {
        let value = |id| IdValue { id, value: Some("x".repeat(4_000)), code: None };
        Customer { info: (0..i32::try_from(values).expect("a few")).map(value).collect(), ..Customer::default() }
    }

    #[test]
    fn the_size_is_that_of_the_json() {
        let customer = customer(3);
        assert_eq!(size(&customer), serde_json::to_vec(&customer).expect("JSON").len());
    }

    #[test]
    fn a_customer_that_is_too_large_may_not_grow() {
        let (small, large, larger) = (customer(60), customer(70), customer(71));
        check_size(&small, &small).expect("a small one");
        check_size(&larger, &large).expect("one that shrinks");
        check_size(&large, &large).expect("one that stays");
        for before in [&small, &large] {
            let Rejection { code, text } = check_size(before, &larger).expect_err("one that grows");
            assert_eq!(code, ErrorCode::InvalidLength);
            assert!(text.contains("at most 262144 bytes long as JSON, not 28"), "{text}");
        }
    }
}
