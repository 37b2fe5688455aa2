using TokenSessions.Benchmarks;
using TokenSessions.Benchmarks.Traffic;

// Each prints one table in Markdown. The times are this machine's, at this moment: compare what stands in one table.
switch (args)
{
    case ["kms"]:
        await KmsStarts.MeasureAsync();
        return 0;

    case ["login"]:
        await Logins.MeasureAsync();
        return 0;

    case ["rules"]:
        await RulesArrive.MeasureAsync();
        return 0;

    case ["load"] or ["load", "--quick"]:
        await ApiShare.MeasureAsync(quick: args.Length > 1);
        Console.WriteLine();
        await ServiceLoad.MeasureAsync(quick: args.Length > 1);
        return 0;

    case ["hostile"] or ["hostile", "--quick"]:
        await HostileMix.MeasureAsync(quick: args.Length > 1);
        return 0;

    case [Api.Argument, var variant]:
        await Api.ServeAsync(variant);
        return 0;

    default:
        Console.WriteLine("""
            usage: dotnet run -c Release --project tests/TokenSessions.Benchmarks -- kms|login|rules|load|hostile
            kms    session starts under a key in a KMS that takes 10 ms and 200 ms, against the bare Sign request
            rules  30,000 rules in a DynamoDB table, until two validators know them all
            login  logins a second at a service of its own process, and what the password hash alone takes
            load [--quick]     requests/s of an API with our scheme, with others and with none, and of the service
            hostile [--quick]  what valid requests notice of several thousand bad ones a second, key set fetches, memory
            """);
        return 2;
}
