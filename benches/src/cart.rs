//! The data of 64 checkouts.

/// What one checkout is about.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "data of the benches")]
pub struct Cart {
    /// 36 characters.
    pub id: String,
    /// Up to 8 characters.
    pub user: String,
    /// ISO 3166.
    pub country: String,
    /// ISO 4217.
    pub currency: String,
    /// About 12 characters.
    pub coupon: String,
    /// About 10 characters.
    pub shard: String,
    /// Number of lines.
    pub items: u64,
    /// In cents.
    pub total_cents: i64,
    /// Grams.
    pub weight: u64,
    /// Score of the risk model.
    pub risk: f64,
    /// Rate to the home currency.
    pub rate: f64,
    /// Share discounted.
    pub discount: f64,
    /// A returning customer.
    pub returning: bool,
}

/// The same 64 carts in every process.
pub fn carts() -> Vec<Cart> {
    let mut rng = fastrand::Rng::with_seed(7);
    (0..64)
        .map(|n| Cart {
            id: format!(
                "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
                rng.u32(..),
                rng.u16(..),
                n,
                n,
                rng.u64(..) >> 16
            ),
            user: format!("u{}", rng.u32(1_000..9_999_999)),
            country: ["DE", "US", "BR", "JP"][n % 4].to_owned(),
            currency: ["EUR", "USD", "BRL", "JPY"][n % 4].to_owned(),
            coupon: format!("spring-{:04}", rng.u16(..)),
            shard: format!("eu-west-{}", n % 3),
            items: rng.u64(1..40),
            total_cents: rng.i64(100..500_000),
            weight: rng.u64(50..30_000),
            risk: rng.f64(),
            rate: 1.0 + rng.f64(),
            discount: f64::from(rng.u8(0..30)) / 100.0,
            returning: rng.bool(),
        })
        .collect()
}
