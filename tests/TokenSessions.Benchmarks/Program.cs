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

    case ["bearer"]:
        await BearerCost.MeasureAsync();
        return 0;

    case ["load", .. var flags]:
        await ApiShare.MeasureAsync(flags is ["--quick"]);
        Console.WriteLine();
        await ServiceLoad.MeasureAsync(flags is ["--quick"]);
        return 0;

    case ["hostile", .. var flags]:
        await HostileMix.MeasureAsync(flags is ["--quick"]);
        return 0;

    case [Api.Argument, var variant]:
        await Api.ServeAsync(variant);
        return 0;

    default:
        Console.WriteLine("""
            usage: dotnet run -c Release --project tests/TokenSessions.Benchmarks -- kms|login|rules|bearer|load|hostile
            kms    session starts under a key in a KMS that takes 10 ms and 200 ms, against the bare Sign request
            rules  30,000 rules in a DynamoDB table, until two validators know them all
            login  logins a second at a service of its own process, and what the password hash alone takes
            bearer what one request takes inside an API with our scheme, with others and with none
            load [--quick]     requests/s of an API with our scheme, with others and with none, and of the service
            hostile [--quick]  what valid requests notice of several thousand bad ones a second, key set fetches, memory
            """);
        return 2;
}
