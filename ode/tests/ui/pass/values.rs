//! What may stand in a field's value, in its key and in `timed!`.
#![deny(warnings)]

use std::collections::HashMap;
use std::future::ready;

struct Job {
    id: u64,
    payload: Vec<u8>,
    owner: Option<String>,
}

fn pair<A, B: Default>() -> B {
    B::default()
}

async fn values(job: &Job, limits: &HashMap<String, u64>) -> Result<(), std::num::ParseIntError> {
    let (x, y, z) = (1, 2, 3);
    let name = String::from("dynamic");
    let text: &str = "t";
    ode::set! {
        job.id, ?job.payload, job.bytes = job.payload.len(),
        owner = job.owner, owner.len = job.owner.as_ref().map(String::len),
        less = x < y, more = z > y, shifted = x << 2 >> 1,
        generic = pair::<HashMap<u8, Vec<u8>>, u64>(),
        qualified = <HashMap<u8, Vec<u8>>>::new().len(),
        cast = x as u64 + z as u64,
        awaited = ready(5).await, parsed = "1".parse::<u8>()?,
        block = { let (a, b) = (1, 2); a + b },
        branch = if x < y { "less" } else { "more" },
        matched = match job.id { 0 => "zero", _ => "more" },
        borrowed = &job.id, deref = *text, text, %text, dbg = ?*text,
        macro_value = format!("{x}, {y}"),
        closure = (|a: u64, b: u64| a + b)(1, 2),
        [name] = 1, [format!("{name}.{x}")] = %y, [&name] = ?z, ["literal"] = true,
        "any text" = 1, r"raw\" = 2, column.type = 3, r#match = 4,
        index = limits["a"],
    };
    ode::set!(parenthesised = 1);
    ode::set![bracketed = 1];
    ode::set! {}
    ode::set_inherited! { tenant.id = 7, ?text }
    ode::incr! { calls, rows += job.payload.len(), [name] += 1_u64, "any text" += 2 };
    ode::append! { warnings += %text, ids += job.id, [name] += ?x };
    Ok(())
}

fn expressions(flag: bool) -> Option<u8> {
    // A statement's value, a match arm, a closure body.
    let () = ode::set! { a = 1 };
    match flag {
        true => ode::set! { b = 1 },
        false => ode::incr! { c },
    }
    let later = || ode::append! { d += 1 };
    later();
    for n in 0..3 {
        let doubled = ode::timed!("double", if n == 1 { continue } else { n * 2 });
        ode::timed!("stop", {
            if doubled > 3 {
                break;
            }
        });
    }
    let sum = ode::timed!("sum", 1 + 2) + ode::timed!("block", { 1 } + 1,);
    let some = ode::timed!("question", Some(sum)?);
    if some == 0 {
        ode::timed!("diverges", return None)
    }
    Some(ode::timed!("tail", pair::<u8, u8>()))
}

/// Values are taken by reference: nothing moves, and borrows end with the field.
fn borrows(mut text: String) -> String {
    let key = String::from("key");
    ode::set! { text, [key] = text, pushed = { text.push('x'); 1 }, after = text };
    drop(key);
    text
}

macro_rules! forwarded {
    ($key:ident, $text:literal, $value:expr) => {
        ode::set! { $key = $value, $text = $value, nested.$key = ?$value };
        ode::timed!($text, $value)
    };
}

fn through_macros() -> u8 {
    forwarded! { label, "a b", 1 + 1 }
}

fn main() {
    let job = Job {
        id: 1,
        payload: vec![1],
        owner: None,
    };
    let limits = HashMap::from([(String::from("a"), 1)]);
    assert!(futures::executor::block_on(values(&job, &limits)).is_ok());
    assert_eq!(expressions(true), Some(0));
    // Without a unit no field expression runs.
    assert_eq!(borrows(String::from("a")), "a");
    assert_eq!(through_macros(), 2);
}
