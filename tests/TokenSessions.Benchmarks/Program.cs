using TokenSessions.Benchmarks;

// Each prints one table in Markdown. The times are this machine's, at this moment: compare what stands in one table.
switch (args)
{
    case ["issue"]:
        await IssuingBenchmark.MeasureAsync();
        return 0;

    case ["kms"]:
        await KmsStarts.MeasureAsync();
        return 0;

    case ["login"]:
        await Logins.MeasureAsync();
        return 0;

    case ["rules"]:
        await RulesArrive.MeasureAsync();
        return 0;

    default:
        Console.WriteLine("""
            usage: dotnet run -c Release --project tests/TokenSessions.Benchmarks -- issue|kms|login|rules
            issue  an access token under a local key, against the bare signature, on one and two threads
            kms    session starts under a key in a KMS that takes 10 ms and 200 ms, against the bare Sign request
            rules  30,000 rules in a DynamoDB table, until two validators know them all
            login  logins a second at a service of its own process, and what the password hash alone takes
            """);
        return 2;
}
