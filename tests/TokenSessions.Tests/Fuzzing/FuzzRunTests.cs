namespace TokenSessions.Tests.Fuzzing;

/// <summary>That a finding is found, whichever it is.</summary>
public sealed class FuzzRunTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    [Fact]
    public void An_exception_is_found_with_its_input_and_the_command_that_runs_it_again()
    {
        var run = Run(_ => throw new NotSupportedException("odd"));

        Assert.True(run.Crashes > 0);
        Assert.Contains("odd", run.Findings[0], StringComparison.Ordinal);
        Assert.Contains("the input<00>", run.Findings[0], StringComparison.Ordinal);
        Assert.Contains("TOKENSESSIONS_FUZZ_TARGET=fake TOKENSESSIONS_FUZZ_NUMBER=", run.Findings[0], StringComparison.Ordinal);
        Assert.EndsWith("dotnet test x", run.Findings[0], StringComparison.Ordinal);
    }

    [Fact]
    public void What_may_not_be_believed_is_found() =>
        Assert.Contains("believed", Run(_ => throw new FuzzFindingException("It was believed.")).Findings[0], StringComparison.Ordinal);

    [Theory]
    [InlineData(500, false)]
    [InlineData(2000, true)] // More than 1,000 bytes and one for each of the input's.
    public void An_execution_that_allocates_more_than_it_may_is_found(int bytes, bool isFound)
    {
        var run = Run(_ => new byte[bytes].Length > 0);

        Assert.Equal(isFound, run.Findings.Any(finding => finding.Contains("allocates", StringComparison.Ordinal)));
    }

    [Fact]
    public void An_execution_that_does_not_end_is_given_up_and_named()
    {
        using var end = new ManualResetEventSlim();
        var run = Run(_ => end.Wait(Timeout.Infinite), TimeSpan.FromMilliseconds(1));
        end.Set();

        Assert.Equal(1, run.Hangs);
        Assert.Contains("hangs", run.Findings[^1], StringComparison.Ordinal);
        Assert.Contains("the input<00>", run.Findings[^1], StringComparison.Ordinal);
    }

    private static FuzzRun Run(Func<FuzzInput, bool> read, TimeSpan? longest = null) => FuzzRun.RunOne(
        new("fake", 1, 1000, 1, () => Task.FromResult<IFuzzTarget>(new FakeTarget(read))), "dotnet test x", longest ?? Long);

    private sealed class FakeTarget(Func<FuzzInput, bool> read) : IFuzzTarget
    {
        public FuzzInput Next(Random random) => FuzzInput.Of("the input\0");

        public Task<bool> RunAsync(FuzzInput input) => Task.FromResult(read(input));

        public ValueTask DisposeAsync() => default;
    }
}
