using TokenSessions.Tests.Fuzzing;

namespace TokenSessions.Service.Tests.Fuzzing;

/// <summary>What the service reads of its callers and of its operator.</summary>
/// <remarks>What is allocated belongs in part to the whole process, so nothing else runs meanwhile.</remarks>
[CollectionDefinition(nameof(ServiceFuzzTests), DisableParallelization = true)]
[Collection(nameof(ServiceFuzzTests))]
public sealed class ServiceFuzzTests
{
    private static readonly FuzzTarget[] Targets =
    [
        new("form", 50, 1024 * 1024, 64, async () => await BodyTarget.BeginAsync()) { GoesElsewhere = true },
        new("users", 50, 256 * 1024, 128, () => Task.FromResult<IFuzzTarget>(new UsersTarget())),
    ];

    [Fact]
    public void No_body_and_no_users_file_crashes_or_hangs_the_service()
    {
        var runs = FuzzRun.RunAll(
            Targets,
            part: 0.1, // A request takes that much longer.
            $"dotnet test tests/TokenSessions.Service.Tests --filter {nameof(No_body_and_no_users_file_crashes_or_hangs_the_service)}");

        FuzzRun.Judge(runs);
    }
}
