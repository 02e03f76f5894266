#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| directscale_emulator::fuzzing::xml(bytes));
