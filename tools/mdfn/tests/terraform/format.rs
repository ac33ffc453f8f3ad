//! The rules of `terraform fmt` that matter to a reader: two blanks a level, the equals signs of
//! neighbouring lines under each other, no tabs, nothing at the end of a line.

pub(crate) fn check(text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    // How many brackets each level was opened with: a line opens one level at most.
    let mut levels: Vec<usize> = Vec::new();
    let mut group: Vec<Assignment> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.contains('\t') || line != line.trim_end() {
            findings.push(format!("line {number}: a tab, or blanks at its end"));
        }
        let code = code(line.trim_start());
        let (opened, closed) = (count(&code, "{[("), count(&code, "}])"));
        close(&mut levels, closed.saturating_sub(opened));
        let indent = line.len() - line.trim_start().len();
        if !line.is_empty() && indent != 2 * levels.len() {
            findings
                .push(format!("line {number}: {indent} blanks instead of {}", 2 * levels.len()));
        }
        if opened > closed {
            levels.push(opened - closed);
        }
        let assignment = assignment(number, &code);
        // Blank lines, comments and values of several lines part the neighbours.
        if assignment.is_none() || opened != closed {
            findings.extend(misaligned(&std::mem::take(&mut group)));
        }
        group.extend(assignment);
        if opened != closed {
            findings.extend(misaligned(&std::mem::take(&mut group)));
        }
    }
    findings.extend(misaligned(&group));
    findings
}

fn count(code: &str, brackets: &str) -> usize {
    code.chars().filter(|bracket| brackets.contains(*bracket)).count()
}

fn close(levels: &mut Vec<usize>, mut closed: usize) {
    while let (1.., Some(last)) = (closed, levels.last_mut()) {
        if closed < *last {
            *last -= closed;
            return;
        }
        closed -= *last;
        levels.pop();
    }
}

/// A line with its texts blanked out and without its comment.
fn code(line: &str) -> String {
    let mut code = String::new();
    // A text may hold an expression, which may hold a text.
    let mut inside = Vec::new();
    let mut previous = ' ';
    for character in line.chars() {
        let text = inside.last() == Some(&'"');
        match (text, character) {
            (true, '"') if previous != '\\' => drop(inside.pop()),
            (true, '{') if previous == '$' => inside.push('{'),
            (false, '}') if !inside.is_empty() => drop(inside.pop()),
            (false, '"') => inside.push('"'),
            (false, '#') if inside.is_empty() => return code,
            (false, character) if inside.is_empty() => {
                code.push(character);
                previous = character;
                continue;
            }
            _ => {}
        }
        code.push('"');
        previous = if previous == '\\' { ' ' } else { character };
    }
    code
}

/// `name = value` on one line: where the name ends, and where the equals sign is.
#[derive(Debug)]
struct Assignment {
    line: usize,
    name: usize,
    equals: usize,
}

fn assignment(line: usize, code: &str) -> Option<Assignment> {
    let equals = code.find(" = ")?;
    let name = code.get(..equals)?.trim_end();
    let simple =
        name.chars().all(|character| character.is_ascii_alphanumeric() || "_.".contains(character));
    simple.then_some(Assignment { line, name: name.len(), equals: equals + 1 })
}

fn misaligned(group: &[Assignment]) -> Option<String> {
    let longest = group.iter().map(|assignment| assignment.name).max()?;
    let wrong = group.iter().find(|assignment| assignment.equals != longest + 1)?;
    Some(format!("line {}: its equals sign is not under its neighbours'", wrong.line))
}
