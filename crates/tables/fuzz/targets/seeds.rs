//! Writes the first inputs of every target below the folder that `CLOISTER_FUZZ_SEEDS` names. It is a
//! target itself, to be built like the others; there is nothing to fuzz in it.
#![no_main]

use tables_fuzz::input::{Seeds, write_seeds};
use tables_fuzz::joined;

libfuzzer_sys::fuzz_target!(init: write_seeds(all()), |_data: &[u8]| {});

fn all() -> Seeds {
    vec![("csv", csv()), ("hierarchy_file", hierarchy_files()), ("config", configs())]
}

fn csv() -> Vec<Vec<u8>> {
    let texts = [
        "age,sex,illness\n39,m,flu\n50,f,\n,f,NA\n",
        "x,\"a,\"\"b\"\r\n\"1\n2\",\"\"\r\nz, w \r\n\n",
        "\u{feff}name\nSj\u{f6}berg\n\"\"\n",
        "a\nb",
    ];
    let choices: [&[u8]; 3] = [b",\0NA", b",\x01", b";\0?"];
    let of = |text: &str| choices.map(|choice| joined(&[choice, text.as_bytes()]));
    texts.iter().flat_map(|text| of(text)).collect()
}

fn hierarchy_files() -> Vec<Vec<u8>> {
    let arx = "22;[20,30[;*\r\n29;[20,30[;*\r\n";
    let anjana = "22,\"[20, 25[\",*\n29,\"[25, 30[\",*\n";
    let cells = b"22\n29\n22".as_slice();
    let of = |file: &str| {
        [b"\0,".as_slice(), b";,", b"\0;\x01"]
            .map(|choice| joined(&[choice, file.as_bytes(), cells]))
    };
    [arx, anjana].into_iter().flat_map(of).collect()
}

fn configs() -> Vec<Vec<u8>> {
    let head = "[input]\nseparator = \";\"\ntrim = true\nnull_texts = [\"?\"]\n\
                [columns.age]\nrole = \"quasi-identifier\"\nhierarchy = HIERARCHY\n\
                [columns.job]\nrole = \"sensitive\"\nkind = \"ordered\"\norder = [\"a\", \"b\"]\n\
                [[models]]\nname = \"k-anonymity\"\nk = 5\n\
                [[models]]\nname = \"t-closeness\"\nt = 0.2\ndistance = \"ordered\"\n\
                [search]\nmetric = \"loss\"\nsuppression_limit = 0.01\nmethod = \"auto\"\n";
    let steps = "[[transformations]]\nkind = \"top-coding\"\ncolumn = \"age\"\nat = 65\n\
                 [[transformations]]\nkind = \"global-recoding\"\nlevels = { age = 1 }\n\
                 [[transformations]]\nkind = \"cell-suppression\"\nk = 5\n";
    let hierarchies = [
        "\"age.csv\"",
        "{ build = \"intervals\", widths = [5, 10], top = 65 }",
        "{ build = \"masking\", pad = \"_\" }",
        "{ build = \"dates\", levels = [\"month\"] }",
        "{ build = \"priority\" }",
    ];
    let text = |hierarchy: &&str| head.replace("HIERARCHY", hierarchy);
    let plain = hierarchies.iter().map(text);
    let all = plain.clone().chain(plain.map(|text| text + steps));
    all.map(|text| joined(&[text.as_bytes(), b"age\njob\nname"])).collect()
}
