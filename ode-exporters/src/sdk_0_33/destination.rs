//! What [`Spans`](super::Spans) and [`Logs`](super::Logs) have in common: how they are made and set,
//! and their place in a pipeline.

/// Gives a destination around an adapter its methods: for which trait of the SDK, by which remote,
/// and the name it has in diagnostics.
macro_rules! destination {
    ($destination:ident, $exporter:ident, $remote:ident, $name:literal) => {
        impl $destination {
            /// For an exporter that was made elsewhere.
            ///
            /// Not for one that started tasks on a runtime when it was made, as that of gRPC does: it
            /// would need that runtime for as long as it lives. See [`made_by`](Self::made_by).
            pub fn new(exporter: impl $exporter + 'static) -> Self {
                Self($crate::sdk_0_33::adapter::Adapter::of($remote(exporter)))
            }

            /// For an exporter that is made with the first batch, by ode's thread and in its runtime;
            /// and made again after it did not end in time. While making it fails, batches are lost,
            /// and counted.
            ///
            /// ```no_run
            /// # #[cfg(feature = "sdk-0-33-otlp")] {
            #[doc = concat!("use ode_exporters::sdk_0_33::", stringify!($destination), ";")]
            #[doc = concat!("use opentelemetry_otlp::", stringify!($exporter), ";")]
            ///
            #[doc = concat!("let exporter = ", stringify!($destination), "::made_by(|| {")]
            #[doc = concat!("    ", stringify!($exporter), "::builder().with_tonic().build()")]
            /// });
            /// # let _ = exporter;
            /// # }
            /// ```
            pub fn made_by<X, E>(mut make: impl FnMut() -> Result<X, E> + Send + 'static) -> Self
            where
                X: $exporter + 'static,
                E: Into<Box<dyn std::error::Error + Send + Sync>>,
            {
                Self($crate::sdk_0_33::adapter::Adapter::later(move || make().map($remote)))
            }

            /// Sets how long the export of a batch may take, all tries of the exporter included.
            /// Default 30 seconds. An exporter that blocks cannot be interrupted.
            #[must_use]
            pub fn timeout(self, timeout: std::time::Duration) -> Self {
                Self(self.0.timeout(timeout))
            }

            /// Adds an attribute to the resource. What ode knows of the process itself stays.
            #[must_use]
            pub fn resource_attribute(
                self,
                key: impl Into<String>,
                value: impl Into<String>,
            ) -> Self {
                Self(self.0.resource_attribute(key.into(), value.into()))
            }

            /// Exports a batch again, as
            /// [`Queue::give_up_after`](ode_core::Queue::give_up_after) has it, also after a failure
            /// that is not understood. By default such a batch is dropped: the SDK leaves it to
            /// exporters to try again, and only they know whether part of it arrived.
            #[must_use]
            pub fn retry_unknown_failures(self) -> Self {
                Self(self.0.unknown($crate::sdk_0_33::failure::Unknown::Passes))
            }
        }

        impl ode_core::Exporter for $destination {
            fn export(&mut self, batch: &ode_core::Batch) -> Result<(), ode_core::ExportError> {
                self.0.export(batch)
            }

            fn flush(
                &mut self,
                _timeout: std::time::Duration,
            ) -> Result<(), ode_core::ExportError> {
                self.0.flush()
            }

            fn is_of_opentelemetry(&self) -> bool {
                true
            }

            fn name(&self) -> &'static str {
                $name
            }
        }

        impl std::fmt::Debug for $destination {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.show(stringify!($destination), f)
            }
        }
    };
}

pub(crate) use destination;
