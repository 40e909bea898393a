{% macro lake_call(verb, payload) %}
    {#- An open transaction would go on seeing the tables as they were. -#}
    {% do adapter.commit() %}
    {% set text = tojson(payload) | replace("'", "''") %}
    {% set rows = run_query("select firn_call('" ~ verb ~ "', '" ~ text ~ "') as answer") %}
    {% set answer = fromjson(rows.rows[0][0]) %}
    {% if answer.error is defined %}
        {% do exceptions.raise_compiler_error(answer.error) %}
    {% endif %}
    {{ return(answer.result) }}
{% endmacro %}
