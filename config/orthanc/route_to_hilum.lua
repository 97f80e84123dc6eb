-- For Orthanc as the PACS: sends radiographs on to Hilum as they arrive, and not what Hilum itself sent. Name this file under "LuaScripts" in
-- orthanc.json, and Hilum under "DicomModalities" as "hilum": ["HILUM", "10.1.0.9", 11112].
function OnStoredInstance(instance, tags, metadata, origin)
   local modality = tags['Modality']
   if origin['RemoteAet'] ~= 'HILUM' and (modality == 'CR' or modality == 'DX') then
      SendToModality(instance, 'hilum')
   end
end
