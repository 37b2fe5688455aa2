using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using Perfolizer.Horology;
using TokenSessions.Benchmarks.Measuring;

namespace TokenSessions.Benchmarks.Library;

/// <summary>The same questions asked by BenchmarkDotNet: its means and its bytes, one benchmark after the other.</summary>
/// <remarks>
/// In this process, so that no project is generated and built beside the locked restore. The ratios of the other sections come
/// from interleaved rounds (<see cref="Rounds"/>): on a machine shared with others they are steadier.
/// </remarks>
internal static class LibraryBenchmarks
{
    public static Task<IReadOnlyList<Row>> MeasureAsync(Effort effort)
    {
        Summary[] summaries = [Run<SeenAndRefused>(effort, invocations: null), Run<FirstSeen>(effort, FirstSeen.Tokens)];
        return Task.FromResult<IReadOnlyList<Row>>([.. summaries.SelectMany(summary => summary.Reports).Select(Describe)]);
    }

    private static Summary Run<T>(Effort effort, int? invocations)
    {
        var job = Job.Default.WithToolchain(InProcessNoEmitToolchain.Instance).WithIterationTime(TimeInterval.FromMilliseconds(effort.IsQuick ? 20 : 250))
            .WithWarmupCount(effort.IsQuick ? 2 : 8).WithIterationCount(effort.IsQuick ? 3 : 20);
        job = invocations is { } count ? job.WithInvocationCount(count) : job;
        var config = ManualConfig.CreateEmpty().AddJob(job).AddDiagnoser(MemoryDiagnoser.Default).AddLogger(NullLogger.Instance)
            .AddColumnProvider(DefaultColumnProviders.Instance).WithOptions(ConfigOptions.DisableLogFile)
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "tokensessions-benchmarkdotnet"));
        return BenchmarkRunner.Run<T>(config);
    }

    private static Row Describe(BenchmarkReport report)
    {
        var name = $"BenchmarkDotNet: {report.BenchmarkCase.Descriptor.WorkloadMethodDisplayInfo.Trim('\'')}";
        if (report.ResultStatistics is not { } times)
        {
            return Row.Of(name, "did not run");
        }

        var bytes = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0;
        return Row.Of(name, $"{Row.Time(times.Mean)} ± {Row.Time(times.StandardError)}, {bytes.ToString(CultureInfo.InvariantCulture)} B");
    }
}
