//! An answer that is made while it is sent: it is never whole in memory.

use fn_fdk::{Call, Error, Reply};

fn main() -> std::process::ExitCode {
    fn_fdk::run(squares)
}

async fn squares(call: Call) -> Result<Reply, Error> {
    let rows: u64 = call.text()?.trim().parse()?;
    let rows = async_stream::stream! {
        yield Ok::<_, Error>("number,square\n".to_owned());
        for row in 0..rows {
            yield Ok(format!("{row},{}\n", row * row));
        }
    };
    Ok(Reply::stream("text/csv", rows))
}
