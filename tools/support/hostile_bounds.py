"""What a hostile network may cost a node at most, in processes, memory, descriptors and audit rows: beyond it tools/hostile fails, and
so does its short form in tests/e2e."""

# Of what has no association: 300 at once and then one every 10 s, and what a second may still bring.
STRANGERS = ("association_rejected", "connection_refused", "timeout", "not_dicom")


def exceeded(figures, seconds, stalled):
    """In words. `seconds`: since the attack began, however long a busy machine took; `stalled`: connections that may have a process, since
    what they sent of their request is long."""
    calm, during, after = figures["calm"], figures["during"], figures["after"]
    bounds = [
        # 10 rejections a second that last up to 2 s each, and what listed hosts send mutated.
        ("processes during the attack", during["processes"], calm["processes"] + 80 + stalled),
        ("processes after it", after["processes"], calm["processes"] + 2),
        # scp.max_connections, scp.max_unlisted_connections, and what belongs to a few receivers.
        ("descriptors of one process during the attack", during["most_descriptors"], calm["most_descriptors"] + 1024 + 32 + 100),
        ("audit rows of strangers", sum(figures["audit_rows"][kind] for kind in STRANGERS), 340 + seconds // 10)]
    if not calm["sanitizer"]:  # which keeps what was freed
        bounds += [("MiB of memory during the attack", during["memory_mib"], calm["memory_mib"] + 400),
                   ("MiB of memory after it", after["memory_mib"], calm["memory_mib"] + 60)]
    return [f"{found:.0f} {what}, at most {most:.0f} may be" for what, found, most in bounds if found > most]
