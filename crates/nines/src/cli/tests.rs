use clap::{CommandFactory, Parser};

use super::Cli;

#[test]
fn the_words_do_not_contradict_each_other() {
    Cli::command().debug_assert();
}

#[test]
fn the_server_may_be_named_before_and_after_the_command() {
    for words in [["nines", "--demo", "get", "slo"], ["nines", "get", "slo", "--demo"]] {
        assert!(Cli::try_parse_from(words).unwrap().connection.demo);
    }
}

#[test]
fn secrets_are_never_arguments() {
    fn check(command: &clap::Command) {
        for it in command.get_arguments() {
            let name = it.get_id().as_str();
            let is_secret = ["token", "password", "secret"].iter().any(|word| name.contains(word));
            assert!(!is_secret || name.ends_with("_file"), "{name} of {}", command.get_name());
        }
        command.get_subcommands().for_each(check);
    }
    check(&Cli::command());
}
