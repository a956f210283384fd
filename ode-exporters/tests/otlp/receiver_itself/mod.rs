//! The receivers themselves: what they tell is what was sent, and each fault is the fault that it is
//! called. Most of that is proven beside the receiver, in Python, and run from here.

mod client;
mod faults;
mod items;
mod tls;
