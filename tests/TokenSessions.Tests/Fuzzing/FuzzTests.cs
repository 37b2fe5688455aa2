namespace TokenSessions.Tests.Fuzzing;

/// <summary>Whatever the product reads, changed in every way the mutators know.</summary>
public sealed class FuzzTests
{
    [Fact]
    public void Nothing_that_is_read_crashes_hangs_or_is_believed_without_its_key()
    {
        var runs = FuzzRun.RunAll(
            FuzzTargets.All,
            $"dotnet test tests/TokenSessions.Tests --filter {nameof(Nothing_that_is_read_crashes_hangs_or_is_believed_without_its_key)}");

        FuzzRun.Judge(runs);
    }
}
