namespace TokenSessions.Tests.Fuzzing;

/// <summary>Whatever the product reads, changed in every way the mutators know.</summary>
/// <remarks>What is allocated belongs in part to the whole process, so nothing else runs meanwhile.</remarks>
[CollectionDefinition(nameof(FuzzTests), DisableParallelization = true)]
[Collection(nameof(FuzzTests))]
public sealed class FuzzTests
{
    [Fact]
    public void Nothing_that_is_read_crashes_hangs_or_is_believed_without_its_key()
    {
        var runs = FuzzRun.RunAll(
            FuzzTargets.All,
            part: 1,
            $"dotnet test tests/TokenSessions.Tests --filter {nameof(Nothing_that_is_read_crashes_hangs_or_is_believed_without_its_key)}");

        FuzzRun.Judge(runs);
    }
}
