//! Rust text as a check sees it: code, without what only looks like code.

#[cfg(test)]
mod tests;

/// The text with the insides of comments, strings and characters left out, line by line as before.
pub(super) fn code_of(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let end = end_of_hidden(&characters, at);
        if end == at {
            code.push(character);
            at += 1;
        } else {
            // Lines keep their numbers, and words around the gap stay apart.
            code.push(' ');
            code.extend(characters.iter().take(end).skip(at).filter(|it| **it == '\n'));
            at = end;
        }
    }
    code
}

/// Where the comment or literal that begins at `at` ends; `at` itself if none begins there.
fn end_of_hidden(text: &[char], at: usize) -> usize {
    let peek = |offset: usize| text.get(at + offset).copied();
    match (peek(0), peek(1)) {
        (Some('/'), Some('/')) => find(text, at, &['\n']).unwrap_or(text.len()),
        (Some('/'), Some('*')) => end_of_block(text, at),
        (Some('"'), _) => end_of_quoted(text, at, '"'),
        (Some('r'), Some('"' | '#')) if !follows_word(text, at) => end_of_raw(text, at),
        // A character is quoted at both ends, a lifetime is not.
        (Some('\''), Some('\\')) => end_of_quoted(text, at, '\''),
        (Some('\''), Some(_)) if peek(2) == Some('\'') => at + 3,
        _ => at,
    }
}

/// Block comments nest.
fn end_of_block(text: &[char], at: usize) -> usize {
    let (mut depth, mut here) = (0_usize, at);
    while let Some(pair) = text.get(here..here + 2) {
        match pair {
            ['/', '*'] => (depth, here) = (depth + 1, here + 2),
            ['*', '/'] if depth == 1 => return here + 2,
            ['*', '/'] => (depth, here) = (depth - 1, here + 2),
            _ => here += 1,
        }
    }
    text.len()
}

fn end_of_quoted(text: &[char], at: usize, quote: char) -> usize {
    let mut here = at + 1;
    while let Some(&character) = text.get(here) {
        match character {
            '\\' => here += 2,
            it if it == quote => return here + 1,
            _ => here += 1,
        }
    }
    text.len()
}

/// `r"…"`, `r#"…"#` and so on; `r#type` is a name.
fn end_of_raw(text: &[char], at: usize) -> usize {
    let hashes = text.iter().skip(at + 1).take_while(|it| **it == '#').count();
    if text.get(at + 1 + hashes) != Some(&'"') {
        return at;
    }
    let mut end = vec!['"'];
    end.extend(std::iter::repeat_n('#', hashes));
    find(text, at + 2 + hashes, &end).map_or(text.len(), |it| it + end.len())
}

fn find(text: &[char], from: usize, pattern: &[char]) -> Option<usize> {
    let rest = text.get(from..)?;
    rest.windows(pattern.len()).position(|it| it == pattern).map(|it| from + it)
}

/// Byte strings have a `b` before the `r`; any other letter makes the `r` the end of a name.
fn follows_word(text: &[char], at: usize) -> bool {
    let before = |offset: usize| at.checked_sub(offset).and_then(|it| text.get(it)).copied();
    match before(1) {
        Some('b') => before(2).is_some_and(is_word),
        Some(it) => is_word(it),
        None => false,
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The numbers, from 1, of the lines that have `word` with nothing that continues a name on either side.
pub(super) fn lines_with(code: &str, word: &str) -> Vec<usize> {
    let numbered = code.lines().enumerate();
    numbered.filter(|(_, line)| has_word(line, word)).map(|(index, _)| index + 1).collect()
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let (before, from) = line.split_at(at);
        let after = from.strip_prefix(word).and_then(|it| it.chars().next());
        !before.chars().next_back().is_some_and(is_word) && !after.is_some_and(is_word)
    })
}
