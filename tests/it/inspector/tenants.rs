//! The list of the tenants, and the lists from which a comparison is chosen.

use std::time::Instant;

use super::{page, redirected_to};
use crate::support::process::Process;
use crate::support::server::server;
use crate::support::{Client, tenant};

#[test]
fn many_tenants_are_searched_by_name_and_listed_page_by_page() {
    let base = tenant().name();
    server().execute(&format!(
        "insert into tenants (name, plan, created_at)
         select '{base}-Find-' || lpad(n::text, 3, '0'), '{{}}', now() from generate_series(1, 102) n"
    ));
    let link = |number: usize| format!("<a href=\"/_emulator/t/{base}-Find-{number:03}\">");
    let part = format!("{}-FIND", base.to_lowercase());
    let first = page(&format!("?q={part}")).body;
    assert!(first.contains(&link(1)) && first.contains(&link(50)) && !first.contains(&link(51)), "{first}");
    assert!(first.contains("1–50 of 102") && first.contains("Page 1 of 3") && !first.contains("Previous"), "{first}");
    assert!(first.contains(&format!("href=\"/_emulator?q={part}&amp;page=2\"")), "{first}");
    let last = page(&format!("?q={part}&page=3")).body;
    assert!(last.contains("101–102 of 102") && last.contains(&link(102)) && !last.contains(&link(100)), "{last}");
    assert!(last.contains("Previous") && !last.contains(">Next<"), "{last}");
    assert!(page(&format!("?q={part}&page=4")).body.contains("This page is after the last of 102 tenants."));
    let one = page(&format!("?q={base}-find-007")).body;
    assert!(one.contains(&link(7)) && !one.contains(&link(8)) && !one.contains("Pages of the list"), "{one}");
    // Characters that a pattern would give a meaning find nothing, and none is interpreted as markup.
    for nothing in ["%25", "_%25", "%00", "%5C", "%3Cb%3E", "%F0%9F%98%80"] {
        let found = page(&format!("?q={nothing}"));
        assert!(found.status == 200 && found.body.contains("No tenant has a name with"), "{nothing}: {found:?}");
        assert!(!found.body.contains("<b>"), "{found:?}");
    }
    for number in ["0", "-1", "x", "99999999999999999999"] {
        assert_eq!(page(&format!("?q={part}&page={number}")).status, 200, "{number}");
    }
    server().execute(&format!("delete from tenants where name like '{base}-Find-%'"));
}

#[test]
fn a_few_tenants_are_shown_without_a_search() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Process::start(&["--data", data.to_str().expect("a path")]);
    let home = Client { address: server.address, key: String::new() }
        .raw(b"GET /_emulator HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
    assert!(home.body.contains("<article class=\"card\">") && home.body.contains("/_emulator/t/demo/customers"));
    assert!(!home.body.contains("Part of the name") && !home.body.contains("Pages of the list"), "{home:?}");
}

#[test]
fn ten_thousand_tenants_are_searched_quickly() {
    let base = tenant().name();
    server().execute(&format!(
        "insert into tenants (name, plan, created_at)
         select '{base}-many-' || lpad(n::text, 5, '0'), '{{}}', now() from generate_series(1, 9000) n"
    ));
    let mut fastest = f64::MAX;
    for _ in 0..5 {
        let begin = Instant::now();
        let found = page(&format!("?q={base}-many-0&page=180"));
        fastest = fastest.min(begin.elapsed().as_secs_f64());
        assert!(found.status == 200 && found.body.len() < 150_000, "{}", found.body.len());
    }
    server().execute(&format!("delete from tenants where name like '{base}-many-%'"));
    println!("{:.0} ms", fastest * 1000.0);
    assert!(fastest < 1.0, "{fastest} s");
}

#[test]
fn a_comparison_is_chosen_from_the_tenants_and_snapshots() {
    let (tenant, other) = (tenant(), tenant());
    redirected_to(&tenant.form("/data/save", "snapshot=before"));
    let (name, other) = (tenant.name(), other.name());
    let first = tenant.page("/diff").body;
    for (value, words) in [
        (name.clone(), format!("{name}, as it is now")),
        (format!("{name}@seed"), format!("{name}@seed")),
        (format!("{name}@before"), format!("{name}@before")),
    ] {
        assert_eq!(first.matches(&format!("<option value=\"{value}\"")).count(), 2, "{value} in {first}");
        assert!(first.contains(&format!(">{words}</option>")), "{words} in {first}");
    }
    assert!(first.contains(&format!("<option value=\"{name}@seed\" selected>")), "{first}");
    assert!(first.contains(&format!("<option value=\"{name}\" selected>")), "{first}");
    // What is typed takes precedence, and is chosen in the list afterwards.
    let typed = tenant.page(&format!("/diff?from={name}&to={name}&from_other=&to_other={other}%40seed")).body;
    assert!(typed.contains(&format!("<option value=\"{other}@seed\" selected>")), "{typed}");
    assert!(typed.contains(&format!("<code>{other}@seed</code>")), "{typed}");
    let wrong = tenant.page("/diff?to_other=%3Cb%3E%40x");
    assert!(wrong.body.contains("there is no tenant") && !wrong.body.contains("<b>"), "{wrong:?}");
}
