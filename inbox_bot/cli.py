"""The command line: names, options and help; what a command does is imported when it is used."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from inbox_bot import config as configuration
from inbox_bot.core.errors import InboxBotError, StoreError, TemporaryError, UserError

EXIT_USER = 2
EXIT_BUG = 70

_FILE = click.Path(path_type=Path)
_config = click.option(
    "--config", "config_file", type=_FILE, help="The configuration file (default: ./config.toml)."
)
_account = click.option("--account", help="Only this account of the configuration.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
_note = click.option("--note", default="", help="Why; kept in the case's history.")


def main() -> None:
    """Run the command line and turn every kind of error into its exit code and advice."""
    try:
        code = cli.main(standalone_mode=False, prog_name="inbox-bot")
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        code = EXIT_USER
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except UserError as error:
        for problem in error.problems:
            click.echo(f"inbox-bot: {problem}", err=True)
        code = EXIT_USER
    except TemporaryError as error:
        click.echo(f"inbox-bot: {error}; try again later", err=True)
        code = 1
    except StoreError as error:
        click.echo(f"inbox-bot: {error}", err=True)
        code = EXIT_BUG
    except InboxBotError as error:
        click.echo(f"inbox-bot: {error}", err=True)
        code = 1
    except BrokenPipeError:
        code = 0
    except Exception:  # a bug of ours: say so, with everything needed to report it
        import traceback

        traceback.print_exc()
        click.echo("inbox-bot: this is a bug of inbox_bot; please report the lines above", err=True)
        code = EXIT_BUG
    sys.exit(code if isinstance(code, int) else 0)


def _version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from inbox_bot import __version__

        click.echo(f"inbox-bot {__version__}")
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
def cli() -> None:
    """Answers Amazon chargeback notices from your own mailbox, before the seven days are over.

    Start with `inbox-bot demo` to see it work on this machine, then `inbox-bot init` to set it up.
    """


@cli.command()
@click.option(
    "--out", type=_FILE, default=Path("inbox-bot-demo"), show_default=True, help="Where the replies go."
)
def demo(out: Path) -> int:
    """See the main job on this machine: a real mail server, sample notices, and the replies."""
    from inbox_bot.commands.demo import run_demo

    return run_demo(out)


@cli.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@_json
@click.option(
    "--now", "now_text", metavar="ISO", help="Handle every mail as of this instant, e.g. 2026-10-09T12:00Z."
)
@click.option("--out", type=_FILE, help="Write each composed reply to this folder as CASE.eml.")
@click.option(
    "--orders",
    "order_files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Import this Amazon report first; may be given several times.",
)
@click.option(
    "--trust",
    type=click.Choice(["authenticated", "all"]),
    default="authenticated",
    show_default=True,
    help="all: take every mail as genuine (sample mails carry no signature).",
)
@click.option("--authserv-id", default="", help="Whose Authentication-Results count, e.g. mx.google.com.")
@click.option(
    "--address", "addresses", multiple=True, help="Your own mail address (default: found in the mails)."
)
@click.option("--rules", "rules_folder", type=_FILE, help="A folder with rule files of your own.")
@click.option("--templates", "templates_folder", type=_FILE, help="A folder with templates of your own.")
def replay(
    paths: tuple[Path, ...],
    as_json: bool,
    now_text: str | None,
    out: Path | None,
    order_files: tuple[Path, ...],
    trust: str,
    authserv_id: str,
    addresses: tuple[str, ...],
    rules_folder: Path | None,
    templates_folder: Path | None,
) -> int:
    """Put mails from files (.eml, mbox, Maildir, folders) through everything, offline; nothing is sent."""
    from inbox_bot.commands.replay import ReplayOptions, run_replay

    return run_replay(
        paths,
        ReplayOptions(
            as_json, now_text, out, order_files, trust, authserv_id, addresses, rules_folder, templates_folder
        ),
    )


@cli.command()
@_config
def init(config_file: Path | None) -> int:
    """Write a configuration: asks for your mail address, tests the login, finds the folders."""
    from inbox_bot.commands.init import run_init

    return run_init(config_file or Path(configuration.FILE_NAME))


@cli.command()
@_config
@_json
def doctor(config_file: Path | None, as_json: bool) -> int:
    """Check everything that can be checked, and say what to do about what is wrong."""
    from inbox_bot.commands.doctor import run_doctor

    return run_doctor(configuration.find_config(config_file), as_json=as_json)


@cli.command()
@_config
@click.option("--verbose", is_flag=True, help="Log every step.")
def run(config_file: Path | None, verbose: bool) -> int:
    """Watch the mailboxes until stopped (the daemon)."""
    from inbox_bot.commands.run import run_daemon

    return run_daemon(configuration.find_config(config_file), verbose=verbose)


@cli.command()
@_config
@_account
@_json
@click.option("--verbose", is_flag=True, help="Log every step.")
def once(config_file: Path | None, account: str | None, as_json: bool, verbose: bool) -> int:
    """Make one pass over the mailboxes and end, for cron; exit code 1 when a case needs a person."""
    from inbox_bot.commands.run import run_once

    return run_once(configuration.find_config(config_file), account, as_json=as_json, verbose=verbose)


@cli.command()
@_config
@_account
@_json
@click.option("--all", "everything", is_flag=True, help="Also the answered and closed ones.")
def cases(config_file: Path | None, account: str | None, as_json: bool, everything: bool) -> int:
    """List the open cases with their clock; exit code 1 when one needs a person."""
    from inbox_bot.commands.cases import list_cases

    return list_cases(_store(config_file), account, as_json=as_json, everything=everything)


@cli.command()
@click.argument("case")
@_config
@_json
def show(case: str, config_file: Path | None, as_json: bool) -> int:
    """Show one case: mail, evidence, decision, reply, history."""
    from inbox_bot.commands.cases import show_case

    return show_case(_store(config_file), case, as_json=as_json)


@cli.command()
@click.argument("case")
@_config
def approve(case: str, config_file: Path | None) -> int:
    """Send the composed reply of a case."""
    from inbox_bot.commands import person

    return person.approve(_store(config_file), case)


@cli.command()
@click.argument("case")
@click.option("--confirmed", metavar="REFUND_ID", help="The refund was made in Seller Central; its id there.")
@_note
@_config
def refund(case: str, confirmed: str | None, note: str, config_file: Path | None) -> int:
    """Refund instead of representing: shows the amount to refund in Seller Central, then takes its id."""
    from inbox_bot.commands import person

    return person.refund(_store(config_file), case, note, confirmed)


@cli.command()
@click.argument("case")
@_note
@_config
def represent(case: str, note: str, config_file: Path | None) -> int:
    """Represent a case whatever the rules said; the reply is composed from what is on record."""
    from inbox_bot.commands import person

    return person.represent(_store(config_file), case, note)


@cli.command()
@click.argument("case")
@_note
@_config
def hold(case: str, note: str, config_file: Path | None) -> int:
    """Stop a case: nothing is sent until you decide; the clock goes on."""
    from inbox_bot.commands import person

    return person.hold(_store(config_file), case, note)


@cli.command()
@click.argument("case")
@_note
@_config
def answered(case: str, note: str, config_file: Path | None) -> int:
    """Say that you answered a case another way, for example in Seller Central."""
    from inbox_bot.commands import person

    return person.answered(_store(config_file), case, note)


@cli.group()
def orders() -> None:
    """Order data from Amazon's reports."""


@orders.command("import")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@_config
@_account
@_json
def import_orders(
    files: tuple[Path, ...], config_file: Path | None, account: str | None, as_json: bool
) -> int:
    """Import order, fulfilled-shipments and shipping-confirmation reports; importing again changes nothing."""
    from inbox_bot.commands.orders import run_import

    return run_import(configuration.find_config(config_file), files, account, as_json=as_json)


@cli.group()
def rules() -> None:
    """The rules by which notices are read and cases decided."""


@rules.command("check")
@_config
def check_rules(config_file: Path | None) -> int:
    """Check all rules and templates, the bundled ones and your own."""
    from inbox_bot.commands.rules import run_check

    return run_check(_own_folders(config_file))


@rules.command("explain")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_config
@click.option(
    "--orders",
    "order_files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Import this Amazon report first; may be given several times.",
)
def explain(file: Path, config_file: Path | None, order_files: tuple[Path, ...]) -> int:
    """Say how a mail is read and decided: which lines of which rule held, and which did not."""
    from inbox_bot.commands.rules import run_explain

    return run_explain(file, _own_folders(config_file), order_files)


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the completion script of a shell; the first line of it says where to put it."""
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise UserError(f"there is no completion for {shell}")
    profile = {"bash": "~/.bashrc", "zsh": "~/.zshrc", "fish": "~/.config/fish/completions/inbox-bot.fish"}[
        shell
    ]
    click.echo(f'# add to {profile}: the lines below, or: eval "$(inbox-bot completion {shell})"')
    click.echo(made(cli, {}, "inbox-bot", "_INBOX_BOT_COMPLETE").source())
    return 0


def _store(config_file: Path | None) -> Path:
    return configuration.store_path(configuration.find_config(config_file))


def _own_folders(config_file: Path | None) -> tuple[Path | None, Path | None]:
    """The user's rules and templates folders; none when there is no configuration yet."""
    try:
        found = configuration.find_config(config_file)
    except UserError:
        if config_file is not None:
            raise
        return (None, None)
    config = configuration.load_config(found)
    return (config.rules_folder, config.templates_folder)
