{% materialization seed, adapter='duckdb' %}
    {{ return(materialize_seed()) }}
{% endmaterialization %}

{% materialization seed, adapter='spark' %}
    {{ return(materialize_seed()) }}
{% endmaterialization %}

{% macro materialize_seed() %}
    {% set target_relation = this.incorporate(type='table') %}
    {% set agate_table = load_agate_table() %}
    {% do store_result('agate_table', response='OK', agate_table=agate_table) %}
    {% do run_pre_hooks() %}

    {% set sql = seed_query(agate_table) %}
    {% set fingerprint = seed_fingerprint(sql) %}
    {% set id = {'schema': this.schema, 'name': this.identifier} %}
    {% set known = not should_full_refresh()
        and lake_call('is_current', dict(id, fingerprint=fingerprint)) %}
    {% if known %}
        {% set message, rows = 'UNCHANGED', 0 %}
    {% else %}
        {% set rows = build_table(target_relation, seed_rows(sql), fingerprint=fingerprint) %}
        {% set message = 'INSERT ' ~ rows %}
    {% endif %}
    {% call noop_statement('main', message, 'INSERT', rows) %}
        {{ sql }}
    {% endcall %}

    {% do run_post_hooks() %}
    {{ return({'relations': [target_relation]}) }}
{% endmacro %}
