using TokenSessions.Benchmarks;
using TokenSessions.Benchmarks.Bearer;
using TokenSessions.Benchmarks.Denylist;
using TokenSessions.Benchmarks.Measuring;
using TokenSessions.Benchmarks.Service;

// Prints tables in Markdown. The times are this machine's, at this moment: compare what stands in one table.
var isQuick = args.Contains("--quick");
var effort = isQuick ? Effort.Quick : Effort.Full;
switch (args.Except(["--quick"]).ToArray())
{
    case []:
        await WholeTable.PrintAsync(only: null, effort);
        return 0;

    case [var name] when WholeTable.Sections.Any(section => section.Name == name):
        await WholeTable.PrintAsync(name, effort);
        return 0;

    case ["login"]:
        await Logins.MeasureAsync();
        return 0;

    case ["rules"]:
        await RulesArrive.MeasureAsync();
        return 0;

    case [ServedApi.Argument, var variant]:
        await ServedApi.ServeAsync(variant);
        return 0;

    default:
        Console.WriteLine("""
            usage: dotnet run -c Release --project tests/TokenSessions.Benchmarks [-- [section] [--quick]]
            Without a section: the whole table, beside the peers, in a quarter of an hour. --quick: fewer rounds, shorter loads and a
            tenth of the rules, within a minute. The sections:
            seen      a token that was validated before
            first     a token that was not
            garbage   what is refused without a signature check
            growth    validation with up to 1,000,000 rules and many tokens
            denylist  memory, table, probe, polls, load and pauses of up to 1,000,000 rules in a validator
            issue     tokens under a local key
            signing   how the platform signs fastest: one key for all threads, a pool, or one for each
            kms       session starts under a key in a KMS that takes 10 ms and 200 ms, beside the bare Sign request
            bearer    what one request takes inside an API with our scheme, with others and with none
            load      requests/s of an API with our scheme, with others and with none, and of the service
            hostile   what valid requests notice of several thousand bad ones a second, key set fetches, memory
            start     from the start of an API's process to its first good answer: just in time, published ReadyToRun, and native;
                      not part of a quick table: publishing takes minutes
            library   validation once more, by BenchmarkDotNet; not part of a quick table
            Tables of their own:
            rules     30,000 rules in a DynamoDB table, until two validators know them all
            login     logins a second at a service of its own process, and what the password hash alone takes
            """);
        return 2;
}
