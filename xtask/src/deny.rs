pub(crate) fn deny() -> crate::Done {
    Ok(())
}
