{% materialization incremental, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {% do run_pre_hooks() %}
    {% set sql = compiled_code %}
    {% if model.language == 'python' %}
        {% set result = python_result() %}
        {% call statement('python_result', language='python') %}
            {{- py_write_table(temporary=False, relation=result, compiled_code=compiled_code) }}
        {% endcall %}
        {% set sql = 'select * from ' ~ result %}
    {% endif %}
    {{ return(materialize_incremental(sql)) }}
{% endmaterialization %}

{% materialization incremental, adapter='spark' %}
    {% do run_pre_hooks() %}
    {{ return(materialize_incremental(compiled_code)) }}
{% endmaterialization %}

{% macro materialize_incremental(sql) %}
    {% set target_relation = this.incorporate(type='table') %}
    {% set strategy = incremental_strategy() %}
    {% set keys = string_list(config.get('unique_key')) | unique | list %}
    {#- What was a view starts anew; on DuckDB views are elsewhere. -#}
    {% set existing = load_cached_relation(this) %}
    {% if existing is none or existing.is_view or should_full_refresh() %}
        {% set merged_keys = keys if strategy == 'merge' else [] %}
        {#- A replace_range starts with its history; a batch is a batch from the first. -#}
        {% set range = batch_range() if strategy == 'microbatch' else none %}
        {% set rows = build_table(target_relation, sql, keys=merged_keys, range=range) %}
    {% else %}
        {% set rows = increment_table(target_relation, sql, strategy, keys) %}
    {% endif %}
    {% call noop_statement('main', strategy | upper ~ ' ' ~ rows, strategy, rows) %}
        {{ compiled_code }}
    {% endcall %}

    {% do run_post_hooks() %}
    {{ return({'relations': [target_relation]}) }}
{% endmacro %}
