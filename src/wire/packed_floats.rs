//! Vectors of numbers as base64 in JSON: big-endian f32, which Elasticsearch reads for dense vectors.

use base64_simd::STANDARD;

/// Appends `vector` to `text` as a JSON text.
pub fn write_vector(text: &mut Vec<u8>, vector: &[f32]) {
    let mut bytes = vec![0; size_of_val(vector)];
    for (four, number) in bytes.chunks_exact_mut(4).zip(vector) {
        four.copy_from_slice(&number.to_be_bytes());
    }
    text.push(b'"'); // nothing in base64's alphabet needs an escape
    STANDARD.encode_append(&bytes, text);
    text.push(b'"');
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_vector_reads_back_bit_by_bit(bits in prop::collection::vec(any::<u32>(), 0..100)) {
            let vector: Vec<f32> = bits.iter().map(|bits| f32::from_bits(*bits)).collect();
            let mut text = b":".to_vec();

            write_vector(&mut text, &vector);

            let packed: String = serde_json::from_slice(&text[1..]).expect("a JSON text");
            let bytes = BASE64.decode(packed.as_bytes()).expect("base64");
            let back = bytes.chunks(4).map(|four| u32::from_be_bytes(four.try_into().expect("four")));
            prop_assert_eq!(back.collect::<Vec<_>>(), bits);
        }
    }
}
