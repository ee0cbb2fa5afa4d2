"""The short keys of discovery: `bri_cmd_tpl` is brightness_command_template, word by word."""

from typing import Any

_WORDS_TEXT = """
act:action av:available avail:available avty:availability bri:brightness cmd:command
tpl:template t:topic stat:state val:value scl:scale clr:color clrm:color_mode chrg:charging
bat:battery lev:level curr:current temp:temperature dev:device cla:class dir:direction
dock:docked ent:entity cat:category err:error evt:event typ:types exp:expire aft:after
fanspd:fan_speed lst:list flsh:flash tlng:time_long tsht:time_short fx:effect frc:force
upd:update hum:target_humidity init:initial img:image attr:attributes lrst:last_reset
mirs:mireds obj:object uniq:unique dly:delay osc:oscillation pct:percentage pl:payload
paus:pause prs:press rst:reset strt:start stpa:start_pause toff:turn_off ton:turn_on
trig:trigger unlk:unlock cls:close clsd:closed loc:locate inst:install nite:night pow:power
pr:preset spd:speed rng:range src:source whit:white sug:suggested dsp:display prc:precision
opnd:opened inv:invert meas:measurement jam:jammed ver:version cod:code req:required
cont:content pic:picture def:default migr:migrate discvry:discovery fwd:forward rev:reverse
pos:position hi:high lo:low med:medium fan:fan grp:group
"""
_WORDS = dict(pair.split(":") for pair in _WORDS_TEXT.split())
_WHOLE_TEXT = """
p:platform o:origin e:encoding t:topic ic:icon en:enabled_by_default opt:optimistic ops:options
ret:retain cmps:components atype:automation_type stype:subtype cln_t:cleaning_topic
cln_tpl:cleaning_template pl_cln_sp:payload_clean_spot pl_ret:payload_return_to_base
r_tpl:red_template g_tpl:green_template b_tpl:blue_template l_ver_t:latest_version_topic
l_ver_tpl:latest_version_template max_hum:max_humidity min_hum:min_humidity max_temp:max_temp
min_temp:min_temp temp_step:temp_step max_k:max_kelvin min_k:min_kelvin
clr_temp_k:color_temp_kelvin pos:reports_position rel_s:release_summary rel_u:release_url
tit:title ptrn:pattern trns:transition spds:speeds sup_clrm:supported_color_modes
sup_dur:support_duration sup_vol:support_volume_set sup_feat:supported_features
hum_state_tpl:target_humidity_state_template pl_rst_hum:payload_reset_humidity
curr_hum_t:current_humidity_topic curr_hum_tpl:current_humidity_template
pl_arm_custom_b:payload_arm_custom_bypass cod_dis_req:code_disarm_required
pl_osc_on:payload_oscillation_on clr_temp_cmd_t:color_temp_command_topic
clr_temp_cmd_tpl:color_temp_command_template clr_temp_stat_t:color_temp_state_topic
clr_temp_tpl:color_temp_template clr_temp_val_tpl:color_temp_value_template
pl_avail:payload_available pl_not_avail:payload_not_available img_e:image_encoding
color_temp:color_temp supported_color_modes:supported_color_modes tilt_opt:tilt_optimistic
act_stat_t:activity_state_topic
"""
_WHOLE = dict(pair.split(":") for pair in _WHOLE_TEXT.split())
_DEVICE_TEXT = """
cns:connections cu:configuration_url ids:identifiers mf:manufacturer mdl:model mdl_id:model_id
hw:hw_version sw:sw_version sa:suggested_area sn:serial_number via_dev:via_device
"""
_DEVICE = dict(pair.split(":") for pair in _DEVICE_TEXT.split())


def long(key: str) -> str:
    """The long form of a key of a config; a long one stays as it is."""
    whole = _WHOLE.get(key)
    if whole is not None:
        return whole
    if "color_temp" in key:
        return key
    return "_".join(_WORDS.get(word, word) for word in key.split("_"))


def spelled_out(config: Any) -> dict[str, Any]:
    """A config with long keys, its device and availability as well; a long key given wins."""
    found: dict[str, Any] = {}
    for key, value in config.items() if isinstance(config, dict) else ():
        name = long(str(key))
        if name == key or name not in config:
            found[name] = value
    device = found.get("device")
    if isinstance(device, dict):
        found["device"] = {_DEVICE.get(key, key): value for key, value in device.items()}
    listed = found.get("availability")
    if isinstance(listed, dict | list):
        entries = listed if isinstance(listed, list) else [listed]
        found["availability"] = [spelled_out(each) for each in entries if isinstance(each, dict)]
    return found
