"""An AgentSession with every setting said: nothing is left to a default that may move."""

from __future__ import annotations

from livekit.agents import NOT_GIVEN, AgentSession
from livekit.agents.voice import VoiceActivityVideoSampler
from livekit.agents.voice.turn import InterruptionOptions

from duologue.agents import navigation
from duologue.agents.definition import AgentDefinition
from duologue.agents.models import Models
from duologue.agents.webhook.brain import WebhookLLM


def make_session(definition: AgentDefinition, models: Models) -> AgentSession[None]:
    """The session of one run, without room or job."""
    turns = definition.turns
    ahead = not isinstance(models.llm, WebhookLLM)
    pressed = turns.trigger == "push_to_talk"
    interruption: InterruptionOptions = {
        "enabled": turns.can_interrupt,
        "mode": "vad",
        "min_duration": turns.interrupt_after,
        "resume_false_interruption": not pressed,
        "false_interruption_timeout": None if pressed else turns.resume_after,
    }
    return AgentSession[None](
        stt=models.stt or NOT_GIVEN,
        vad=None if pressed else models.vad,
        llm=models.realtime or models.llm or NOT_GIVEN,
        tts=models.tts or NOT_GIVEN,
        turn_handling={
            "turn_detection": "manual" if pressed else "vad",
            "endpointing": {
                "mode": "fixed",
                "min_delay": 0.0 if pressed else turns.min_delay,
                "max_delay": 0.0 if pressed else turns.max_delay,
            },
            "interruption": interruption,
            # The model thinks while the silence after the last word is still being waited out.
            # A back end would take each guess for what was said.
            "preemptive_generation": {"enabled": ahead, "preemptive_tts": False},
        },
        # Of the user's pictures a realtime model gets one a second while the user speaks.
        video_sampler=VoiceActivityVideoSampler(speaking_fps=1.0, silent_fps=0.3),
        # The first seconds of the agent's speech may be interrupted like the rest.
        aec_warmup_duration=None,
        tools=[navigation.tool(definition.origins)] if definition.navigation else NOT_GIVEN,
        user_away_timeout=turns.away_after,
        session_close_transcript_timeout=1.0,
    )
