CREATE TABLE public.agents (
    id text NOT NULL,
    org_id text NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    definition text NOT NULL,
    source text NOT NULL,
    published_at bigint,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.alert_events (
    id text NOT NULL,
    org_id text NOT NULL,
    alert_id text NOT NULL,
    kind text NOT NULL,
    value double precision,
    at bigint NOT NULL,
    delivery text NOT NULL,
    tries bigint DEFAULT '0'::bigint NOT NULL,
    answer text NOT NULL,
    next_at bigint
);
CREATE TABLE public.alerts (
    id text NOT NULL,
    org_id text NOT NULL,
    measure text NOT NULL,
    agent text NOT NULL,
    threshold double precision NOT NULL,
    window_ms bigint DEFAULT '0'::bigint NOT NULL,
    webhook text NOT NULL,
    state text NOT NULL,
    calm_since bigint,
    value double precision,
    samples bigint DEFAULT '0'::bigint NOT NULL,
    changed_at bigint,
    fired_at bigint,
    looked_at bigint DEFAULT '0'::bigint NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.console_sessions (
    id text NOT NULL,
    org_id text NOT NULL,
    hash text NOT NULL,
    kind text NOT NULL,
    role text NOT NULL,
    name text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    last_seen_at bigint
);
CREATE TABLE public.conversations (
    id text NOT NULL,
    org_id text NOT NULL,
    agent_id text NOT NULL,
    key_id text,
    current_session_id text,
    resume_hash text,
    metadata text NOT NULL,
    next_seq integer DEFAULT 1 NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    ended_at bigint,
    end_reason text,
    resume_before_hash text,
    state text DEFAULT '{}'::text NOT NULL,
    visitor_id text
);
CREATE TABLE public.credits (
    id text NOT NULL,
    org_id text NOT NULL,
    micros bigint DEFAULT '0'::bigint NOT NULL,
    note text NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.feedback (
    id text NOT NULL,
    org_id text NOT NULL,
    session_id text NOT NULL,
    conversation_id text NOT NULL,
    agent_id text NOT NULL,
    rating text NOT NULL,
    text text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE public.keys (
    id text NOT NULL,
    org_id text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    hash text NOT NULL,
    hint text NOT NULL,
    agent_id text,
    origins text NOT NULL,
    scopes text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    revoked_at bigint,
    last_used_at bigint
);
CREATE TABLE public.links (
    id text NOT NULL,
    org_id text NOT NULL,
    trace_seq bigint NOT NULL,
    hash text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE TABLE public.logs (
    trace_seq bigint NOT NULL,
    log_id text NOT NULL,
    at_ns bigint NOT NULL,
    level text NOT NULL,
    span_id text NOT NULL,
    logger text NOT NULL,
    text text NOT NULL,
    attributes text NOT NULL
);
CREATE TABLE public.messages (
    id text NOT NULL,
    org_id text NOT NULL,
    conversation_id text NOT NULL,
    run_id text NOT NULL,
    session_id text,
    seq integer NOT NULL,
    turn_id text NOT NULL,
    role text NOT NULL,
    kind text NOT NULL,
    text text NOT NULL,
    item text,
    final boolean NOT NULL,
    interrupted boolean NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE public.organizations (
    id text NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    balance_micros bigint,
    created_at bigint NOT NULL
);
CREATE TABLE public.page_views (
    id text NOT NULL,
    org_id text NOT NULL,
    visitor_id text NOT NULL,
    visit_id text NOT NULL,
    url text NOT NULL,
    path text NOT NULL,
    title text NOT NULL,
    referrer text NOT NULL,
    visible_ms bigint DEFAULT '0'::bigint NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.recordings (
    id text NOT NULL,
    org_id text NOT NULL,
    trace_seq bigint,
    state text NOT NULL,
    path text NOT NULL,
    format text NOT NULL,
    started_ns bigint NOT NULL,
    duration_ms bigint DEFAULT '0'::bigint NOT NULL,
    bytes bigint DEFAULT '0'::bigint NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.runs (
    id text NOT NULL,
    org_id text NOT NULL,
    conversation_id text NOT NULL,
    agent_id text NOT NULL,
    process text NOT NULL,
    started_at bigint NOT NULL,
    ended_at bigint,
    end_reason text,
    usage text,
    peer text
);
CREATE TABLE public.schema_readers (
    oldest text NOT NULL
);
CREATE TABLE public.sessions (
    id text NOT NULL,
    org_id text NOT NULL,
    conversation_id text NOT NULL,
    agent_id text NOT NULL,
    run_id text,
    key_id text,
    key_hash text,
    key_expires_at bigint NOT NULL,
    transport text NOT NULL,
    state text NOT NULL,
    capabilities text NOT NULL,
    config text NOT NULL,
    metadata text NOT NULL,
    custom_metadata text NOT NULL,
    custom_headers text NOT NULL,
    sdk_version text NOT NULL,
    origin text,
    created_at bigint NOT NULL,
    opened_at bigint,
    detached_at bigint,
    ended_at bigint,
    end_reason text,
    attached_ms bigint DEFAULT '0'::bigint NOT NULL,
    cost_micros bigint DEFAULT '0'::bigint NOT NULL,
    consent text,
    page text
);
CREATE TABLE public.spans (
    trace_seq bigint NOT NULL,
    span_id text NOT NULL,
    parent_id text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    start_ns bigint NOT NULL,
    end_ns bigint NOT NULL,
    status text NOT NULL,
    error text NOT NULL,
    turn integer NOT NULL,
    size bigint DEFAULT '0'::bigint NOT NULL,
    attributes text NOT NULL,
    events text NOT NULL
);
CREATE TABLE public.traces (
    seq bigint NOT NULL,
    org_id text NOT NULL,
    id text NOT NULL,
    source text NOT NULL,
    agent text NOT NULL,
    agent_version text NOT NULL,
    conversation_id text,
    session_id text,
    visitor_id text,
    room text NOT NULL,
    transport text NOT NULL,
    status text NOT NULL,
    reason text NOT NULL,
    outcome text NOT NULL,
    started_at bigint NOT NULL,
    ended_at bigint,
    last_seen_at bigint NOT NULL,
    turns bigint DEFAULT '0'::bigint NOT NULL,
    interrupted bigint DEFAULT '0'::bigint NOT NULL,
    unanswered bigint DEFAULT '0'::bigint NOT NULL,
    errors bigint DEFAULT '0'::bigint NOT NULL,
    tool_errors bigint DEFAULT '0'::bigint NOT NULL,
    e2e_max_ms double precision,
    cost_micros bigint DEFAULT '0'::bigint NOT NULL,
    told_cost_micros bigint,
    dropped bigint DEFAULT '0'::bigint NOT NULL,
    bytes bigint DEFAULT '0'::bigint NOT NULL,
    has_recording boolean NOT NULL,
    tags text NOT NULL,
    usage text NOT NULL,
    attributes text NOT NULL
);
CREATE SEQUENCE public.traces_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.traces_seq_seq OWNED BY public.traces.seq;
CREATE TABLE public.turns (
    trace_seq bigint NOT NULL,
    number integer NOT NULL,
    started_ns bigint NOT NULL,
    ended_ns bigint NOT NULL,
    spoken boolean NOT NULL,
    interrupted boolean NOT NULL,
    interruption text NOT NULL,
    eou_ms double precision,
    stt_ms double precision,
    llm_ms double precision,
    tts_ms double precision,
    transport_ms double precision,
    e2e_ms double precision,
    played_s double precision,
    confidence double precision,
    tools bigint DEFAULT '0'::bigint NOT NULL,
    tool_errors bigint DEFAULT '0'::bigint NOT NULL,
    errors bigint DEFAULT '0'::bigint NOT NULL,
    input_tokens bigint DEFAULT '0'::bigint NOT NULL,
    output_tokens bigint DEFAULT '0'::bigint NOT NULL,
    cost_micros bigint DEFAULT '0'::bigint NOT NULL,
    user_text text NOT NULL,
    agent_text text NOT NULL
);
CREATE TABLE public.usage (
    id text NOT NULL,
    org_id text NOT NULL,
    agent_id text NOT NULL,
    session_id text NOT NULL,
    run_id text NOT NULL,
    attached_ms bigint DEFAULT '0'::bigint NOT NULL,
    cost_micros bigint DEFAULT '0'::bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE public.visitor_events (
    id text NOT NULL,
    org_id text NOT NULL,
    visitor_id text NOT NULL,
    visit_id text NOT NULL,
    page_id text,
    kind text NOT NULL,
    name text NOT NULL,
    properties text NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.visitors (
    id text NOT NULL,
    org_id text NOT NULL,
    user_id text,
    traits text NOT NULL,
    first_seen_at bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    identified_at bigint
);
CREATE TABLE public.visits (
    id text NOT NULL,
    org_id text NOT NULL,
    visitor_id text NOT NULL,
    started_at bigint NOT NULL,
    last_at bigint NOT NULL
);
ALTER TABLE ONLY public.traces ALTER COLUMN seq SET DEFAULT nextval('public.traces_seq_seq'::regclass);
INSERT INTO public.agents VALUES ('agt_00000000000000000000000000000002', 'org_00000000000000000000000000000001', 'front-desk', 'Front Desk', '{"slug":"front-desk"}', 'desk.py', 1700000000000, 1700000000000, 1700000000000);
INSERT INTO public.alembic_version VALUES ('0010');
INSERT INTO public.alerts VALUES ('alert_00000000000000000000000000000007', 'org_00000000000000000000000000000001', 'e2e_p95', 'front-desk', 2000, 3600000, '', 'unknown', NULL, NULL, 0, NULL, NULL, 0, 1700000000000);
INSERT INTO public.conversations VALUES ('conv_00000000000000000000000000000003', 'org_00000000000000000000000000000001', 'agt_00000000000000000000000000000002', 'key_00000000000000000000000000000008', 'sess_00000000000000000000000000000004', 'f7dddd1e2d140327234884ae564369e80e84ebf676f8e021b0a3bbb4ea196155', '{"lang":"de"}', 4, 1700000000000, 1700000000000, NULL, NULL, NULL, '{"cart":["tea"]}', 'vis_00000000000000000000000000000005');
INSERT INTO public.feedback VALUES ('fb_0000000000000000000000000000000c', 'org_00000000000000000000000000000001', 'sess_00000000000000000000000000000004', 'conv_00000000000000000000000000000003', 'agt_00000000000000000000000000000002', 'up', 'Kind.', 1700000000000, 1700000000000);
INSERT INTO public.keys VALUES ('key_00000000000000000000000000000008', 'org_00000000000000000000000000000001', 'secret', 'server', 'a1c3098ed6f848da0e9d25de71479912cec4e23b39e435818afbe2619fbecbe1', 'ease', NULL, '[]', '["sessions","read"]', 1700000000000, NULL, NULL, NULL);
INSERT INTO public.logs VALUES (7, '0000000000000001', 1700000000000000000, 'info', '', 'desk', 'connected', '{}');
INSERT INTO public.messages VALUES ('msg_00000000000000000000000000000015', 'org_00000000000000000000000000000001', 'conv_00000000000000000000000000000003', 'run_00000000000000000000000000000001', 'sess_00000000000000000000000000000004', 1, 'turn-1', 'user', 'message', 'Grüß Gott 👋', NULL, true, false, 1700000000000, 1700000000000);
INSERT INTO public.messages VALUES ('msg_00000000000000000000000000000016', 'org_00000000000000000000000000000001', 'conv_00000000000000000000000000000003', 'run_00000000000000000000000000000001', 'sess_00000000000000000000000000000004', 2, 'turn-2', 'user', 'message', 'Two teas, ''please''.', NULL, true, false, 1700000000000, 1700000000000);
INSERT INTO public.messages VALUES ('msg_00000000000000000000000000000017', 'org_00000000000000000000000000000001', 'conv_00000000000000000000000000000003', 'run_00000000000000000000000000000001', 'sess_00000000000000000000000000000004', 3, 'turn-3', 'assistant', 'message', 'Here you are; \ anything else?', NULL, true, true, 1700000000000, 1700000000000);
INSERT INTO public.organizations VALUES ('org_00000000000000000000000000000001', 'Default', 'default', NULL, 1700000000000);
INSERT INTO public.page_views VALUES ('evt_00000000000000000000000000000009', 'org_00000000000000000000000000000001', 'vis_00000000000000000000000000000005', 'vst_00000000000000000000000000000006', 'https://shop.example/tea', '/tea', 'Tea', '', 1200, 1700000000000);
INSERT INTO public.runs VALUES ('run_00000000000000000000000000000001', 'org_00000000000000000000000000000001', 'conv_00000000000000000000000000000003', 'agt_00000000000000000000000000000002', 'proc_0000000000000000000000000000000a', 1700000000000, 1700000060000, 'left', '[]', NULL);
INSERT INTO public.schema_readers VALUES ('0008');
INSERT INTO public.sessions VALUES ('sess_00000000000000000000000000000004', 'org_00000000000000000000000000000001', 'conv_00000000000000000000000000000003', 'agt_00000000000000000000000000000002', 'run_00000000000000000000000000000001', 'key_00000000000000000000000000000008', '3f3af1ecebbd1410ab417ec0d27bbfcb5d340e177ae159b59fc8626c2dfd9175', 1700003600000, 'websocket', 'ended', '["binary"]', '{}', '{"visit":1}', '{}', '{}', '2.8.10', 'https://shop.example', 1700000000000, 1700000000000, NULL, 1700000060000, 'left', 60000, 0, '{"hash":"ab","at":5}', '{"url":"https://shop.example/tea","title":"Tea","path":"/tea"}');
INSERT INTO public.spans VALUES (7, '0000000000000001', '', 'llm_request', 'llm', 1700000000000000000, 1700000001000000000, 'ok', '', 0, 0, '{}', '[]');
INSERT INTO public.traces VALUES (7, 'org_00000000000000000000000000000001', 'run_00000000000000000000000000000001', 'duologue', 'front-desk', '1', 'conv_00000000000000000000000000000003', 'sess_00000000000000000000000000000004', 'vis_00000000000000000000000000000005', '', 'websocket', 'complete', 'left', '', 1700000000000, 1700000060000, 1700000060000, 1, 0, 0, 0, 0, 812.5, 0, NULL, 0, 0, false, '[]', '[]', '{}');
INSERT INTO public.turns VALUES (7, 0, 1700000000000000000, 1700000001000000000, true, false, '', NULL, NULL, NULL, NULL, NULL, 812.5, NULL, NULL, 0, 0, 0, 0, 0, 0, 'Grüß Gott 👋', 'Here you are; \ anything else?');
INSERT INTO public.usage VALUES ('use_0000000000000000000000000000000b', 'org_00000000000000000000000000000001', 'agt_00000000000000000000000000000002', 'sess_00000000000000000000000000000004', 'run_00000000000000000000000000000001', 60000, 12, 1700000000000, 1700000000000);
INSERT INTO public.visitors VALUES ('vis_00000000000000000000000000000005', 'org_00000000000000000000000000000001', 'ada', '{"plan":"ö"}', 1700000000000, 1700000000000, 1700000000000);
INSERT INTO public.visits VALUES ('vst_00000000000000000000000000000006', 'org_00000000000000000000000000000001', 'vis_00000000000000000000000000000005', 1700000000000, 1700000000000);
SELECT pg_catalog.setval('public.traces_seq_seq', 7, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT pk_agents PRIMARY KEY (id);
ALTER TABLE ONLY public.alert_events
    ADD CONSTRAINT pk_alert_events PRIMARY KEY (id);
ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT pk_alerts PRIMARY KEY (id);
ALTER TABLE ONLY public.console_sessions
    ADD CONSTRAINT pk_console_sessions PRIMARY KEY (id);
ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT pk_conversations PRIMARY KEY (id);
ALTER TABLE ONLY public.credits
    ADD CONSTRAINT pk_credits PRIMARY KEY (id);
ALTER TABLE ONLY public.feedback
    ADD CONSTRAINT pk_feedback PRIMARY KEY (id);
ALTER TABLE ONLY public.keys
    ADD CONSTRAINT pk_keys PRIMARY KEY (id);
ALTER TABLE ONLY public.links
    ADD CONSTRAINT pk_links PRIMARY KEY (id);
ALTER TABLE ONLY public.logs
    ADD CONSTRAINT pk_logs PRIMARY KEY (trace_seq, log_id);
ALTER TABLE ONLY public.messages
    ADD CONSTRAINT pk_messages PRIMARY KEY (id);
ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT pk_organizations PRIMARY KEY (id);
ALTER TABLE ONLY public.page_views
    ADD CONSTRAINT pk_page_views PRIMARY KEY (org_id, id);
ALTER TABLE ONLY public.recordings
    ADD CONSTRAINT pk_recordings PRIMARY KEY (id);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT pk_runs PRIMARY KEY (id);
ALTER TABLE ONLY public.schema_readers
    ADD CONSTRAINT pk_schema_readers PRIMARY KEY (oldest);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT pk_sessions PRIMARY KEY (id);
ALTER TABLE ONLY public.spans
    ADD CONSTRAINT pk_spans PRIMARY KEY (trace_seq, span_id);
ALTER TABLE ONLY public.traces
    ADD CONSTRAINT pk_traces PRIMARY KEY (seq);
ALTER TABLE ONLY public.turns
    ADD CONSTRAINT pk_turns PRIMARY KEY (trace_seq, number);
ALTER TABLE ONLY public.usage
    ADD CONSTRAINT pk_usage PRIMARY KEY (id);
ALTER TABLE ONLY public.visitor_events
    ADD CONSTRAINT pk_visitor_events PRIMARY KEY (org_id, id);
ALTER TABLE ONLY public.visitors
    ADD CONSTRAINT pk_visitors PRIMARY KEY (org_id, id);
ALTER TABLE ONLY public.visits
    ADD CONSTRAINT pk_visits PRIMARY KEY (org_id, id);
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT uq_agents_org_id_id UNIQUE (org_id, id);
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT uq_agents_org_id_slug UNIQUE (org_id, slug);
ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT uq_alerts_org_id_id UNIQUE (org_id, id);
ALTER TABLE ONLY public.console_sessions
    ADD CONSTRAINT uq_console_sessions_hash UNIQUE (hash);
ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT uq_conversations_org_id_id UNIQUE (org_id, id);
ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT uq_conversations_resume_hash UNIQUE (resume_hash);
ALTER TABLE ONLY public.feedback
    ADD CONSTRAINT uq_feedback_session_id UNIQUE (session_id);
ALTER TABLE ONLY public.keys
    ADD CONSTRAINT uq_keys_hash UNIQUE (hash);
ALTER TABLE ONLY public.keys
    ADD CONSTRAINT uq_keys_org_id_id UNIQUE (org_id, id);
ALTER TABLE ONLY public.links
    ADD CONSTRAINT uq_links_hash UNIQUE (hash);
ALTER TABLE ONLY public.messages
    ADD CONSTRAINT uq_messages_conversation_id_seq UNIQUE (conversation_id, seq);
ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT uq_organizations_slug UNIQUE (slug);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT uq_runs_org_id_id UNIQUE (org_id, id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT uq_sessions_key_hash UNIQUE (key_hash);
ALTER TABLE ONLY public.traces
    ADD CONSTRAINT uq_traces_org_id_id UNIQUE (org_id, id);
ALTER TABLE ONLY public.usage
    ADD CONSTRAINT uq_usage_session_id UNIQUE (session_id);
CREATE INDEX ix_alert_events_alert_id_org_id_id ON public.alert_events USING btree (alert_id, org_id, id);
CREATE INDEX ix_alert_events_next_at ON public.alert_events USING btree (next_at);
CREATE INDEX ix_alert_events_org_id_id ON public.alert_events USING btree (org_id, id);
CREATE INDEX ix_alerts_looked_at ON public.alerts USING btree (looked_at);
CREATE INDEX ix_console_sessions_expires_at ON public.console_sessions USING btree (expires_at);
CREATE INDEX ix_console_sessions_org_id_id ON public.console_sessions USING btree (org_id, id);
CREATE INDEX ix_conversations_agent_id_org_id_id ON public.conversations USING btree (agent_id, org_id, id);
CREATE INDEX ix_conversations_org_id_visitor_id ON public.conversations USING btree (org_id, visitor_id);
CREATE UNIQUE INDEX ix_conversations_resume_before_hash ON public.conversations USING btree (resume_before_hash);
CREATE INDEX ix_credits_org_id_id ON public.credits USING btree (org_id, id);
CREATE INDEX ix_feedback_conversation_id_org_id ON public.feedback USING btree (conversation_id, org_id);
CREATE INDEX ix_feedback_org_id_id ON public.feedback USING btree (org_id, id);
CREATE INDEX ix_links_expires_at ON public.links USING btree (expires_at);
CREATE INDEX ix_links_trace_seq ON public.links USING btree (trace_seq);
CREATE INDEX ix_logs_order ON public.logs USING btree (trace_seq, at_ns);
CREATE INDEX ix_messages_run_id ON public.messages USING btree (run_id);
CREATE INDEX ix_page_views_at ON public.page_views USING btree (at);
CREATE INDEX ix_page_views_org_id_visit_id ON public.page_views USING btree (org_id, visit_id);
CREATE INDEX ix_page_views_org_id_visitor_id_at ON public.page_views USING btree (org_id, visitor_id, at);
CREATE INDEX ix_recordings_state ON public.recordings USING btree (state);
CREATE INDEX ix_recordings_trace_seq ON public.recordings USING btree (trace_seq);
CREATE INDEX ix_runs_conversation_id ON public.runs USING btree (conversation_id);
CREATE INDEX ix_runs_ended_at ON public.runs USING btree (ended_at);
CREATE INDEX ix_sessions_conversation_id_org_id_id ON public.sessions USING btree (conversation_id, org_id, id);
CREATE INDEX ix_sessions_org_id_id ON public.sessions USING btree (org_id, id);
CREATE INDEX ix_sessions_state ON public.sessions USING btree (state);
CREATE INDEX ix_spans_broken ON public.spans USING btree (trace_seq, turn) WHERE (kind = 'error'::text);
CREATE INDEX ix_spans_order ON public.spans USING btree (trace_seq, start_ns);
CREATE INDEX ix_traces_active ON public.traces USING btree (last_seen_at) WHERE (status = 'active'::text);
CREATE INDEX ix_traces_agent ON public.traces USING btree (org_id, agent, started_at, id);
CREATE INDEX ix_traces_conversation ON public.traces USING btree (org_id, conversation_id, started_at, id);
CREATE INDEX ix_traces_listed ON public.traces USING btree (org_id, started_at, id, agent, status, outcome, source, ended_at, turns, interrupted, unanswered, errors, tool_errors, e2e_max_ms, cost_micros, bytes);
CREATE INDEX ix_traces_session ON public.traces USING btree (org_id, session_id, started_at, id);
CREATE INDEX ix_traces_visitor ON public.traces USING btree (org_id, visitor_id, started_at, id);
CREATE INDEX ix_turns_words ON public.turns USING gin (to_tsvector('simple'::regconfig, translate((("left"(user_text, 100000) || ' '::text) || "left"(agent_text, 100000)), '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~'::text, '                                '::text)));
CREATE INDEX ix_usage_org_id_id ON public.usage USING btree (org_id, id);
CREATE INDEX ix_visitor_events_at ON public.visitor_events USING btree (at);
CREATE INDEX ix_visitor_events_org_id_visit_id ON public.visitor_events USING btree (org_id, visit_id);
CREATE INDEX ix_visitor_events_org_id_visitor_id_at ON public.visitor_events USING btree (org_id, visitor_id, at);
CREATE INDEX ix_visitors_last_seen_at ON public.visitors USING btree (last_seen_at);
CREATE INDEX ix_visits_last_at ON public.visits USING btree (last_at);
CREATE INDEX ix_visits_org_id_visitor_id ON public.visits USING btree (org_id, visitor_id);
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT fk_agents_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.alert_events
    ADD CONSTRAINT fk_alert_events_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.alert_events
    ADD CONSTRAINT fk_alert_events_org_id_alert_id FOREIGN KEY (org_id, alert_id) REFERENCES public.alerts(org_id, id);
ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT fk_alerts_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.console_sessions
    ADD CONSTRAINT fk_console_sessions_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT fk_conversations_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT fk_conversations_org_id_agent_id FOREIGN KEY (org_id, agent_id) REFERENCES public.agents(org_id, id);
ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT fk_conversations_org_id_key_id FOREIGN KEY (org_id, key_id) REFERENCES public.keys(org_id, id);
ALTER TABLE ONLY public.credits
    ADD CONSTRAINT fk_credits_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.feedback
    ADD CONSTRAINT fk_feedback_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.feedback
    ADD CONSTRAINT fk_feedback_org_id_agent_id FOREIGN KEY (org_id, agent_id) REFERENCES public.agents(org_id, id);
ALTER TABLE ONLY public.feedback
    ADD CONSTRAINT fk_feedback_org_id_conversation_id FOREIGN KEY (org_id, conversation_id) REFERENCES public.conversations(org_id, id);
ALTER TABLE ONLY public.keys
    ADD CONSTRAINT fk_keys_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.keys
    ADD CONSTRAINT fk_keys_org_id_agent_id FOREIGN KEY (org_id, agent_id) REFERENCES public.agents(org_id, id);
ALTER TABLE ONLY public.links
    ADD CONSTRAINT fk_links_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.links
    ADD CONSTRAINT fk_links_trace_seq FOREIGN KEY (trace_seq) REFERENCES public.traces(seq);
ALTER TABLE ONLY public.logs
    ADD CONSTRAINT fk_logs_trace_seq FOREIGN KEY (trace_seq) REFERENCES public.traces(seq);
ALTER TABLE ONLY public.messages
    ADD CONSTRAINT fk_messages_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.messages
    ADD CONSTRAINT fk_messages_org_id_conversation_id FOREIGN KEY (org_id, conversation_id) REFERENCES public.conversations(org_id, id);
ALTER TABLE ONLY public.messages
    ADD CONSTRAINT fk_messages_org_id_run_id FOREIGN KEY (org_id, run_id) REFERENCES public.runs(org_id, id);
ALTER TABLE ONLY public.page_views
    ADD CONSTRAINT fk_page_views_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.page_views
    ADD CONSTRAINT fk_page_views_org_id_visit_id FOREIGN KEY (org_id, visit_id) REFERENCES public.visits(org_id, id);
ALTER TABLE ONLY public.recordings
    ADD CONSTRAINT fk_recordings_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.recordings
    ADD CONSTRAINT fk_recordings_trace_seq FOREIGN KEY (trace_seq) REFERENCES public.traces(seq);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT fk_runs_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT fk_runs_org_id_agent_id FOREIGN KEY (org_id, agent_id) REFERENCES public.agents(org_id, id);
ALTER TABLE ONLY public.runs
    ADD CONSTRAINT fk_runs_org_id_conversation_id FOREIGN KEY (org_id, conversation_id) REFERENCES public.conversations(org_id, id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT fk_sessions_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT fk_sessions_org_id_agent_id FOREIGN KEY (org_id, agent_id) REFERENCES public.agents(org_id, id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT fk_sessions_org_id_conversation_id FOREIGN KEY (org_id, conversation_id) REFERENCES public.conversations(org_id, id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT fk_sessions_org_id_key_id FOREIGN KEY (org_id, key_id) REFERENCES public.keys(org_id, id);
ALTER TABLE ONLY public.spans
    ADD CONSTRAINT fk_spans_trace_seq FOREIGN KEY (trace_seq) REFERENCES public.traces(seq);
ALTER TABLE ONLY public.traces
    ADD CONSTRAINT fk_traces_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.turns
    ADD CONSTRAINT fk_turns_trace_seq FOREIGN KEY (trace_seq) REFERENCES public.traces(seq);
ALTER TABLE ONLY public.usage
    ADD CONSTRAINT fk_usage_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.usage
    ADD CONSTRAINT fk_usage_org_id_agent_id FOREIGN KEY (org_id, agent_id) REFERENCES public.agents(org_id, id);
ALTER TABLE ONLY public.visitor_events
    ADD CONSTRAINT fk_visitor_events_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.visitor_events
    ADD CONSTRAINT fk_visitor_events_org_id_visit_id FOREIGN KEY (org_id, visit_id) REFERENCES public.visits(org_id, id);
ALTER TABLE ONLY public.visitors
    ADD CONSTRAINT fk_visitors_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.visits
    ADD CONSTRAINT fk_visits_org_id FOREIGN KEY (org_id) REFERENCES public.organizations(id);
ALTER TABLE ONLY public.visits
    ADD CONSTRAINT fk_visits_org_id_visitor_id FOREIGN KEY (org_id, visitor_id) REFERENCES public.visitors(org_id, id);
