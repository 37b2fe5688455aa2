using System.Text.Json.Serialization;
using TokenSessions.Service.Admin;
using TokenSessions.Service.Discovery;
using TokenSessions.Service.Health;
using TokenSessions.Service.Http;
using TokenSessions.Service.Sessions;

namespace TokenSessions.Service;

/// <summary>Every JSON answer, written by generated code.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ProblemBody))]
[JsonSerializable(typeof(TokenAnswer))]
[JsonSerializable(typeof(Metadata))]
[JsonSerializable(typeof(RevocationAnswer))]
[JsonSerializable(typeof(RevocationRequest))]
[JsonSerializable(typeof(RevocationList))]
[JsonSerializable(typeof(KeyList))]
[JsonSerializable(typeof(HealthAnswer))]
internal sealed partial class ServiceJson : JsonSerializerContext;
