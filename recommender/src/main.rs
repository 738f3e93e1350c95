use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    recobeat_recommender::cli::run().await
}
