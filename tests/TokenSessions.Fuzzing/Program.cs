using SharpFuzz;
using TokenSessions.Tests.Fuzzing;

// without any      writes the names of the targets
// TARGET FOLDER    writes inputs that the target takes into the folder
// TARGET           runs the target on what afl-fuzz sends or, without it, once on the standard input: then what is wrong is thrown
const int Tries = 400;
const int MostSeeds = 20;

if (args.Length == 0)
{
    Console.WriteLine(string.Join('\n', FuzzTargets.All.Select(target => target.Name)));
    return;
}

IFuzzTarget? target = null;
FuzzInput[] inputs = [];
if (args.Length > 1)
{
    Begin();
    var seeds = new HashSet<string>();
    foreach (var input in inputs)
    {
        if (seeds.Count < MostSeeds && await target!.RunAsync(input) && seeds.Add(Convert.ToHexString(input.Bytes)))
        {
            await File.WriteAllBytesAsync(Path.Combine(args[1], $"{seeds.Count}"), input.Bytes);
        }
    }
}
else
{
    Fuzzer.OutOfProcess.Run(RunAll);
}

if (target is not null)
{
    await target.DisposeAsync();
}

void Begin()
{
    target = FuzzTargets.All.Single(target => target.Name == args[0]).Begin().GetAwaiter().GetResult();
    inputs = [.. Enumerable.Range(0, Tries).Select(number => target.Next(new(number)))];
}

// What an input is beside its bytes afl-fuzz knows nothing of, so each is tried in every way that the target has.
void RunAll(Stream stream)
{
    if (target is null)
    {
        Begin(); // Not earlier: what has been prepared for afl-fuzz cannot run before it is there.
    }

    using var bytes = new MemoryStream();
    stream.CopyTo(bytes);
    foreach (var variant in inputs.Select(input => input.Variant).Distinct())
    {
        target!.RunAsync(FuzzInput.Of(bytes.ToArray()) with { Variant = variant }).GetAwaiter().GetResult();
    }
}
