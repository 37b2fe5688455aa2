using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using TokenSessions.Aws.Tests.Servers;

namespace TokenSessions.Tests.Peers;

/// <summary>Another validator in a process of its own, which ends with its input.</summary>
internal sealed class PeerProcess : IDisposable
{
    /// <summary>Every peer, in the order of the table's columns.</summary>
    public static readonly string[] Names = ["JsonWebTokenHandler", "JwtSecurityTokenHandler", "jose"];

    private static readonly string Folder = Path.Combine(SourceTree.Root, "tests", "TokenSessions.Tests", "Peers");
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(2);

    private readonly Process _process;

    private PeerProcess(ProcessStartInfo start)
    {
        (start.RedirectStandardInput, start.RedirectStandardOutput) = (true, true);
        _process = Process.Start(start)!;
    }

    /// <summary>Starts one; skips the running test where there is no Node.js for it.</summary>
    public static async Task<PeerProcess> StartAsync(string name)
    {
        if (name != "jose")
        {
            return new(new ProcessStartInfo("dotnet", ["exec", SourceTree.Built("tests", "TokenSessions.MicrosoftPeer"), name]));
        }

        if (await NodePackages.InstallAsync(Folder) is { } problem)
        {
            Prerequisite.Missing($"No jose: {problem}");
        }

        try
        {
            return new(new ProcessStartInfo("node", [Path.Combine(Folder, "jose.mjs")]));
        }
        catch (Win32Exception)
        {
            Prerequisite.Missing("No jose: node is missing: install Node.js 18 or later.");
            throw;
        }
    }

    /// <summary>For each token null if it is refused, else what was read: iss, sub, client_id, jti, sid, exp, iat, aud...</summary>
    public async Task<IReadOnlyList<string?[]?>> AskAsync(PeerQuestion question, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(question.ToLine().AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
        var answer = await _process.StandardOutput.ReadLineAsync(cancellationToken).AsTask().WaitAsync(AnswerLimit, cancellationToken)
            ?? throw new InvalidOperationException("The peer ended: what it says stands above.");
        return JsonSerializer.Deserialize<string?[]?[]>(answer)!;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(5)))
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
