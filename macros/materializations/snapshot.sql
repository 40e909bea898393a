{% materialization snapshot, adapter='duckdb' %}
    {{ return(materialize_snapshot()) }}
{% endmaterialization %}

{% materialization snapshot, adapter='spark' %}
    {{ return(materialize_snapshot()) }}
{% endmaterialization %}

{% macro materialize_snapshot() %}
    {% set target_relation = this.incorporate(type='table') %}
    {% set exists = load_cached_relation(this) is not none %}
    {% do run_pre_hooks() %}

    {% do refuse_unsupported() %}
    {#- Read once: every step below sees the same rows. -#}
    {% set source = create_delta(model.compiled_code) %}
    {% do check_rows(source) %}
    {% do check_snapshot_keys(source) %}
    {% set sql = 'select * from ' ~ source %}
    {% set strategy_macro = strategy_dispatch(config.get('strategy')) %}
    {% set strategy = strategy_macro(
        model, 'snapshotted_data', 'source_data', model.config, exists
    ) %}
    {% if exists %}
        {% set rows = snapshot_changes(target_relation, sql, strategy) %}
    {% else %}
        {% set first = times_as_timestamps(build_snapshot_table(strategy, sql)) %}
        {% set rows = build_table(target_relation, first) %}
    {% endif %}
    {% do drop_delta(source) %}
    {% call noop_statement('main', 'SNAPSHOT ' ~ rows, 'SNAPSHOT', rows) %}
        {{ model.compiled_code }}
    {% endcall %}

    {% do run_post_hooks() %}
    {{ return({'relations': [target_relation]}) }}
{% endmacro %}
