//! The grammar of W3C baggage, its encoding and its limits.

use ode_core::Baggage;
use ode_core::propagation::extract;

fn members(baggage: &Baggage) -> Vec<(&str, &str)> {
    baggage.iter().collect()
}

/// A header, what it says, and what is written for it.
#[track_caller]
fn check(header: &str, expected: &[(&str, &str)], written: &str) {
    let baggage = Baggage::parse(header);
    assert_eq!(members(&baggage), expected, "{header:?}");
    assert_eq!(baggage.dropped(), 0, "{header:?}");
    assert_eq!(baggage.len(), expected.len());
    assert_eq!(baggage.is_empty(), expected.is_empty());
    assert_eq!(baggage.to_string(), written, "{header:?}");
    assert_eq!(Baggage::parse(written), baggage, "{written:?}");
}

#[test]
fn members_by_the_grammar() {
    check("", &[], "");
    check(" , \t,", &[], "");
    check("userId=alice", &[("userId", "alice")], "userId=alice");
    check(
        "userId =   alice\t, serverNode = DF%2028 ,isProduction=false ",
        &[("userId", "alice"), ("serverNode", "DF 28"), ("isProduction", "false")],
        "userId=alice,serverNode=DF%2028,isProduction=false",
    );
    // A value may be empty, and may have equals signs.
    check("a=,b==,c=x=y=", &[("a", ""), ("b", "="), ("c", "x=y=")], "a=,b==,c=x=y=");
    // Of a key that is there twice the last value counts, in the place of the first.
    check("a=1,b=2,a=3", &[("a", "3"), ("b", "2")], "a=3,b=2");
    // Keys differ in case, and may have every character of a token.
    check("A=1,a=2", &[("A", "1"), ("a", "2")], "A=1,a=2");
    let key = "!#$%&'*+-.^_`|~09azAZ";
    check(&format!("{key}=1"), &[(key, "1")], &format!("{key}=1"));
}

#[test]
fn properties_are_passed_on() {
    check("a=1;p", &[("a", "1")], "a=1;p");
    check(
        "key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey = propertyValue",
        &[("key1", "value1"), ("key2", "value2"), ("key3", "value3")],
        "key1=value1;property1;property2,key2=value2,key3=value3;propertyKey=propertyValue",
    );
    // They are not decoded, so they need not be encoded again.
    check("a=1 ; p = %20%zz=", &[("a", "1")], "a=1;p=%20%zz=");
    check("a=1;;p; ;", &[("a", "1")], "a=1;p");
}

#[test]
fn values_are_percent_encoded() {
    check("a=K%C3%B6ln", &[("a", "Köln")], "a=K%C3%B6ln");
    check("a=k%c3%b6%6C%6e", &[("a", "köln")], "a=k%C3%B6ln");
    check("a=%2C%3B%22%5C%25%00%7F", &[("a", ",;\"\\%\0\x7f")], "a=%2C%3B%22%5C%25%00%7F");
    check("a=%F0%9F%A6%80", &[("a", "🦀")], "a=%F0%9F%A6%80");
    // Bytes that are not UTF-8 can't be kept; the replacement is.
    check("a=x%FFy", &[("a", "x\u{fffd}y")], "a=x%EF%BF%BDy");
    check("a=%C3", &[("a", "\u{fffd}")], "a=%EF%BF%BD");
    check(
        "a=%F0%9F%A6,b=%80%80",
        &[("a", "\u{fffd}"), ("b", "\u{fffd}\u{fffd}")],
        "a=%EF%BF%BD,b=%EF%BF%BD%EF%BF%BD",
    );
    // A `%` that escapes nothing stands for itself.
    check(
        "a=100%,b=%4,c=%zz,d=%%41",
        &[("a", "100%"), ("b", "%4"), ("c", "%zz"), ("d", "%A")],
        "a=100%25,b=%254,c=%25zz,d=%25A",
    );
    // Every other visible character stands for itself.
    let plain: String = ('!'..='~').filter(|c| !"\",;\\%".contains(*c)).collect();
    check(&format!("a={plain}"), &[("a", &plain)], &format!("a={plain}"));
}

#[test]
fn what_breaks_the_grammar_is_dropped_alone() {
    for bad in [
        "x",
        "=1",
        " =1",
        "x y=1",
        "x@=1",
        "x\"=1",
        "é=1",
        "x=a b",
        "x=\"1\"",
        "x=a\\b",
        "x=é",
        "x=a\u{7f}",
        "x=1;p q",
        "x=1;=",
        "x=1;p=a b",
        "x=1;é",
        "x;p=1",
    ] {
        let baggage = Baggage::parse(&format!("a=1,{bad},b=2"));
        assert_eq!(members(&baggage), [("a", "1"), ("b", "2")], "{bad:?}");
        assert_eq!(baggage.dropped(), 1, "{bad:?}");
    }
}

#[test]
fn headers_are_read_as_one_list_byte_by_byte() {
    struct Bytes;
    impl ode_core::propagation::Extract for Bytes {
        fn values(&self, name: &str, each: &mut dyn FnMut(&[u8])) {
            if name == "baggage" {
                for header in [&b"a=1,b=\xff"[..], b"", b"c=3,a=4"] {
                    each(header);
                }
            }
        }
    }
    let incoming = extract(&Bytes);
    assert_eq!(members(incoming.baggage()), [("a", "4"), ("c", "3")]);
    assert_eq!(incoming.baggage().dropped(), 1);
}

#[test]
fn at_most_64_members() {
    let list = |count: usize| (0..count).map(|n| format!("k{n}={n}")).collect::<Vec<_>>().join(",");
    let full = Baggage::parse(&list(64));
    assert_eq!((full.len(), full.dropped()), (64, 0));
    let more = Baggage::parse(&list(67));
    assert_eq!((more.len(), more.dropped()), (64, 3));
    assert_eq!(more, full, "the first ones are kept");

    // Repeated ones count, and broken ones: they are work all the same.
    let repeated = Baggage::parse(&format!("{},b=1", "a=1,".repeat(64)));
    assert_eq!((repeated.to_string().as_str(), repeated.dropped()), ("a=1", 1));
    let broken = Baggage::parse(&format!("{},b=1,c=1", "?,".repeat(63)));
    assert_eq!((broken.to_string().as_str(), broken.dropped()), ("b=1", 64));

    let mut full = full;
    let error = full.insert("new", "x").unwrap_err();
    assert_eq!(error.to_string(), "baggage: more than 64 members");
    assert_eq!(full, more, "nothing is changed");
    full.insert("k63", "x").unwrap();
    assert_eq!((full.len(), full.get("k63")), (64, Some("x")), "a known key can be set");
    full.remove("k0").unwrap();
    full.insert("new", "x").unwrap();
    assert_eq!(full.iter().last(), Some(("new", "x")));
}

#[test]
fn at_most_8192_bytes_as_they_would_be_written() {
    let with_rest = |rest: usize| format!("a={},b={}", "x".repeat(4000), "y".repeat(rest));
    let fits = 8192 - 4000 - "a=,b=".len();
    let full = Baggage::parse(&with_rest(fits));
    assert_eq!((full.to_string().len(), full.dropped()), (8192, 0));
    let over = Baggage::parse(&with_rest(fits + 1));
    assert_eq!((over.len(), over.dropped()), (1, 1));
    // A smaller one behind it still fits.
    let after = Baggage::parse(&format!("{},c=1", with_rest(fits + 1)));
    assert_eq!((after.get("b"), after.get("c"), after.dropped()), (None, Some("1"), 1));
    // `%` takes three bytes when it is written.
    let grows = Baggage::parse(&format!("a={}", "%".repeat(2731)));
    assert_eq!((grows.len(), grows.dropped()), (0, 1));
    let grows = Baggage::parse(&format!("a={}", "%".repeat(2730)));
    assert_eq!((grows.to_string().len(), grows.dropped()), (8192, 0));

    let mut baggage = Baggage::default();
    let error = baggage.insert("a", &"ü".repeat(1366)).unwrap_err();
    assert_eq!(error.to_string(), "baggage: more than 8192 bytes as a header");
    assert!(baggage.is_empty());
    baggage.insert("a", &"ü".repeat(1365)).unwrap();
    assert_eq!(baggage.to_string().len(), 8192);
    assert!(baggage.insert("b", "").is_err(), "there is no room for `,b=`");
    baggage.insert("a", "").unwrap();
    baggage.insert("b", "").unwrap();
    assert_eq!(baggage.to_string(), "a=,b=", "a shorter value makes room");
}

#[test]
fn keys_are_set_and_taken_out() {
    let mut baggage = Baggage::parse("a=1;p,b=2,c=3");
    let before = baggage.clone();
    baggage.insert("b", "a, b; \"c\"").unwrap();
    baggage.insert("a", "x").unwrap();
    assert_eq!(
        baggage.to_string(),
        "a=x,b=a%2C%20b%3B%20%22c%22,c=3",
        "properties were the old one's"
    );
    assert_eq!(baggage.get("b"), Some("a, b; \"c\""));
    assert_eq!(before.to_string(), "a=1;p,b=2,c=3", "a copy is a copy");
    assert_eq!(baggage.remove("b").as_deref(), Some("a, b; \"c\""));
    assert_eq!(baggage.remove("b"), None);
    assert_eq!(baggage.remove("a").as_deref(), Some("x"));
    assert_eq!(baggage.remove("c").as_deref(), Some("3"));
    assert_eq!((baggage.to_string(), baggage.is_empty()), (String::new(), true));
    assert_eq!(baggage, Baggage::default());
    // What was taken out is not counted any more.
    baggage.insert("a", &"x".repeat(8190)).unwrap();
    assert_eq!(baggage.to_string().len(), 8192);

    for bad in ["", "a b", "a=b", "a,b", "a;b", "a:b", "ä", "a\r\n", "(a)", "a/b"] {
        let error = baggage.insert(bad, "1").unwrap_err().to_string();
        assert!(error.starts_with("baggage key: not one or more of A-Z a-z 0-9"), "{error}");
    }
}
