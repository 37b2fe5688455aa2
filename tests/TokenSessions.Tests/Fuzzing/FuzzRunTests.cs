namespace TokenSessions.Tests.Fuzzing;

/// <summary>That a finding is found, whichever it is.</summary>
public sealed class FuzzRunTests
{
    private const int Executions = 40;

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

    [Theory]
    [InlineData(true, "allocates")]
    [InlineData(false, "goes elsewhere")] // There nobody would see what it allocates.
    public void What_is_allocated_on_another_thread_is_found_or_the_target_is_that_does_not_say_so(bool saysSo, string finding)
    {
        var run = Run(
            _ =>
            {
                Thread.Sleep(20); // Else it might be over before it is looked at.
                return new byte[1_000_000].Length > 0;
            },
            isElsewhere: true, saysSo: saysSo);

        Assert.Contains(finding, run.Findings[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("begin")]
    [InlineData("make an input")]
    [InlineData("read", "the input<00>")]
    [InlineData("end")]
    public void Whatever_does_not_end_is_given_up_and_named(string hanging, string input = "")
    {
        using var end = new ManualResetEventSlim();
        var run = Run(_ => true, TimeSpan.FromMilliseconds(500), step => _ = step == hanging && end.Wait(Timeout.Infinite));
        end.Set();

        Assert.Equal(1, run.Hangs);
        Assert.StartsWith($"fake hangs, since 0.5 s, while it has to {hanging}: \n{input}\n", run.Findings[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("begin")]
    [InlineData("make an input")]
    [InlineData("end")]
    public void An_exception_outside_of_an_execution_is_found_too(string throwing)
    {
        var run = Run(_ => true, step: step => _ = step == throwing ? throw new NotSupportedException("odd") : true);

        Assert.StartsWith($"fake cannot {throwing}: System.NotSupportedException: odd", run.Findings.Single(), StringComparison.Ordinal);
    }

    private static FuzzRun Run(
        Func<FuzzInput, bool> read, TimeSpan? longest = null, Action<string>? step = null, bool isElsewhere = false, bool saysSo = false)
    {
        var target = new FuzzTarget("fake", 1, 1000, 1, () => Task.FromResult<IFuzzTarget>(new FakeTarget(
            input => isElsewhere ? Task.Run(() => read(input)) : Task.FromResult(read(input)), step ?? (_ => { }))))
        { GoesElsewhere = saysSo };
        return FuzzRun.RunOne(target, Executions, "dotnet test x", longest ?? Long);
    }

    private sealed class FakeTarget : IFuzzTarget
    {
        private readonly Func<FuzzInput, Task<bool>> _read;
        private readonly Action<string> _step;

        public FakeTarget(Func<FuzzInput, Task<bool>> read, Action<string> step)
        {
            (_read, _step) = (read, step);
            step("begin");
        }

        public FuzzInput Next(Random random)
        {
            _step("make an input");
            return FuzzInput.Of("the input\0");
        }

        public Task<bool> RunAsync(FuzzInput input)
        {
            _step("read");
            return _read(input);
        }

        public ValueTask DisposeAsync()
        {
            _step("end");
            return default;
        }
    }
}
