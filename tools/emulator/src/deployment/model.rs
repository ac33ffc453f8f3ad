//! The model: a multinomial logistic regression, trained on Fisher's Iris data with scikit-learn
//! (`model/train.py`).

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The parameters of the trained classifier.
#[derive(Debug, Deserialize)]
pub struct Model {
    features: Vec<String>,
    classes: Vec<String>,
    coefficients: Vec<Vec<f64>>,
    intercepts: Vec<f64>,
}

impl Model {
    /// Returns the classifier that ships with the emulator.
    pub fn iris() -> Self {
        serde_json::from_str(include_str!("../../model/iris.json"))
            .expect("the parameters ship with the program")
    }

    /// Answers a request body, `{"data": [[6.3, 3.3, 6.0, 2.5]]}` or the rows alone: the class of
    /// each row and the probability of every class. An error says which row is not one.
    pub fn predict(&self, body: &[u8]) -> Result<Value, String> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|error| format!("the body is not JSON: {error}"))?;
        let rows = body
            .get("data")
            .unwrap_or(&body)
            .as_array()
            .ok_or("expected `data` with rows of numbers")?;
        let rows = rows.iter().enumerate().map(|(at, row)| {
            let numbers: Option<Vec<f64>> =
                row.as_array().and_then(|row| row.iter().map(Value::as_f64).collect());
            let numbers = numbers.filter(|numbers| numbers.len() == self.features.len());
            numbers.ok_or_else(|| {
                format!(
                    "row {at} is not {} numbers: {}",
                    self.features.len(),
                    self.features.join(", ")
                )
            })
        });
        let probabilities: Vec<Vec<f64>> =
            rows.map(|row| Ok(self.probabilities(&row?))).collect::<Result<_, String>>()?;
        let named = |row: &Vec<f64>| {
            self.classes
                .iter()
                .zip(row)
                .map(|(class, share)| (class.clone(), json!(share)))
                .collect::<Map<_, _>>()
        };
        Ok(json!({
            "prediction": probabilities.iter().map(|row| self.likeliest(row)).collect::<Vec<_>>(),
            "probability": probabilities.iter().map(named).collect::<Vec<_>>(),
        }))
    }

    /// What the model says to a text with the numbers of one row or of several: a sentence a row.
    pub(super) fn reply(&self, text: &str) -> String {
        let number = |word: &str| word.trim_end_matches('.').parse::<f64>().ok();
        let numbers: Vec<f64> = text
            .split(|sign: char| !sign.is_ascii_digit() && !matches!(sign, '.' | '-'))
            .filter_map(number)
            .collect();
        if numbers.is_empty() || !numbers.len().is_multiple_of(self.features.len()) {
            return format!("Please send four numbers: {}.", self.features.join(", "));
        }
        let class = |row: &[f64]| self.likeliest(&self.probabilities(row)).map(str::to_owned);
        let classes = numbers.chunks(self.features.len()).filter_map(class);
        let sentences: Vec<String> =
            classes.map(|class| format!("This is an Iris {class}.")).collect();
        sentences.join(" ")
    }

    /// Returns the softmax of the linear scores, in the order of the classes.
    fn probabilities(&self, row: &[f64]) -> Vec<f64> {
        let weighted = |weights: &Vec<f64>| {
            weights.iter().zip(row).map(|(weight, value)| weight * value).sum::<f64>()
        };
        let scores: Vec<f64> = self
            .coefficients
            .iter()
            .zip(&self.intercepts)
            .map(|(weights, intercept)| weighted(weights) + intercept)
            .collect();
        let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shares: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
        let sum: f64 = shares.iter().sum();
        shares.into_iter().map(|share| share / sum).collect()
    }

    fn likeliest(&self, probabilities: &[f64]) -> Option<&str> {
        let ranked = self.classes.iter().zip(probabilities);
        ranked.max_by(|one, other| one.1.total_cmp(other.1)).map(|(class, _)| class.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_the_probabilities_that_the_training_library_computes() {
        let expected: Vec<Value> =
            serde_json::from_str(include_str!("../../model/expected.json")).unwrap();
        let model = Model::iris();
        let mut right = 0;
        for row in &expected {
            let answer =
                model.predict(json!({ "data": [row["row"]] }).to_string().as_bytes()).unwrap();
            for (class, probability) in
                model.classes.iter().zip(row["probability"].as_array().unwrap())
            {
                let ours = answer["probability"][0][class].as_f64().unwrap();
                assert!((ours - probability.as_f64().unwrap()).abs() < 1e-9, "{row}: {ours}");
            }
            right += usize::from(answer["prediction"][0] == row["class"]);
        }
        assert_eq!((right, expected.len()), (146, 150));
    }

    #[test]
    fn rows_of_another_shape_are_named() {
        for (body, named) in [
            ("{", "not JSON"),
            ("{}", "`data`"),
            (r#"{"data":[[1,2,3]]}"#, "row 0"),
            (r#"[[1,2,3,4],[1,2,3,"4"]]"#, "row 1"),
        ] {
            let error = Model::iris().predict(body.as_bytes()).unwrap_err();
            assert!(error.contains(named), "{body}: {error}");
        }
    }
}
