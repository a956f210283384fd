//! A record is a number, as large as a real head so that it is passed as one.

#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) number: u64,
    pub(crate) rest: [u64; 3],
}
